"""Faults of inputs: recordings that kill, crash, hang or exhaust whoever works on them."""

import random

from chaos.faults.fault import Fault, World
from chaos.ledger import Kind
from chaos.repertoire import POISON, Poison


def poison_faults() -> list[Fault]:
    """One class per kind of poison."""
    return [Fault(f"input-{one.name}", _HandIn(one), one.kills) for one in POISON]


class _HandIn:
    """A client hands it in; what becomes of it is the line's matter."""

    def __init__(self, poison: Poison) -> None:
        self._poison = poison

    async def __call__(self, world: World, rng: random.Random) -> str:
        upload = world.clients.repertoire.poison(self._poison)
        kind: Kind = "speaker" if self._poison.place == "enroll" else "meeting"
        return world.clients.hand_in(kind, upload).key
