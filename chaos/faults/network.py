"""Faults of the connections to Redis: reset, also in the middle of a settlement, and stalled."""

import asyncio
import random

from chaos import timing
from chaos.faults.fault import Fault, NoTarget, World
from chaos.proxy import Side
from libs.common.streams.scripts import Scripts

_PATIENCE = 10.0
_STALLED = (0.5, 1.5 * timing.LEASE)


def network_faults() -> list[Fault]:
    """All of them."""
    return [
        Fault("network-reset-before-settling", _Reset("before")),
        Fault("network-reset-after-settling", _Reset("after")),
        Fault("network-reset-all", _reset_all),
        Fault("network-stall", _stall),
    ]


class _Reset:
    """The next connection that settles a unit is reset, before Redis sees it or after Redis has done it."""

    def __init__(self, side: Side) -> None:
        self._side: Side = side

    async def __call__(self, world: World, rng: random.Random) -> str:
        async with world.hansard.servers.redis() as redis:
            mark = str(Scripts(redis).settle.sha).encode()
        trap = world.hansard.proxy.reset_next(mark, self._side)
        try:
            async with asyncio.timeout(_PATIENCE):
                await trap.sprung.wait()
        except TimeoutError as error:
            raise NoTarget("nobody settled anything") from error
        return ""


async def _reset_all(world: World, rng: random.Random) -> str:
    return f"{world.hansard.proxy.reset_all()} connections"


async def _stall(world: World, rng: random.Random) -> str:
    seconds = rng.uniform(*_STALLED)
    await world.hansard.proxy.stall(seconds)
    return f"for {seconds:.1f} s"
