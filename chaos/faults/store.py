"""Faults of the object store: errors, connections that end, answers that are lost, and slowness."""

import asyncio
import random

from chaos.faults.fault import Fault, World
from chaos.store.faults import StoreFaults

_LASTS = (2.0, 4.0)


def store_faults() -> list[Fault]:
    """All of them."""
    return [
        Fault("store-errors", _Suffer(StoreFaults(errors=0.5))),
        Fault("store-cuts", _Suffer(StoreFaults(cuts=0.3))),
        Fault("store-lost-answers", _Suffer(StoreFaults(lost_answers=0.3))),
        Fault("store-slow", _Suffer(StoreFaults(delay=0.7))),
        Fault("store-down", _Suffer(StoreFaults(errors=1.0))),
    ]


class _Suffer:
    """For some seconds; one kind at a time."""

    def __init__(self, faults: StoreFaults) -> None:
        self._faults = faults

    async def __call__(self, world: World, rng: random.Random) -> str:
        servers, seconds = world.hansard.servers, rng.uniform(*_LASTS)
        async with servers.store_lock:
            await servers.suffer(self._faults)
            try:
                await asyncio.sleep(seconds)
            finally:
                await servers.suffer(StoreFaults())
        return f"for {seconds:.1f} s"
