"""A class of faults: its name, what it does, and whose units it costs an attempt."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chaos.clients import Clients
from chaos.hansard import Hansard


@dataclass(frozen=True)
class World:
    """What faults are done to."""

    hansard: Hansard
    clients: Clients


Strike = Callable[[World, random.Random], Awaitable[str]]
"""Does the fault and returns when it is over, with a few words about it.

Raises:
    NoTarget: There is nothing that could be hit at the moment.
"""


@dataclass(frozen=True)
class Fault:
    """One class of faults."""

    name: str
    strike: Strike

    burdens: str | None = None
    """The service whose unit in hand is charged an attempt: two such faults may not hit the same unit."""


class NoTarget(Exception):
    """What the fault is done to is not there."""
