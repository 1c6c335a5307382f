"""Waiting for something that only another process knows."""

import asyncio
from collections.abc import Awaitable, Callable

_PERIOD = 0.2


async def until(condition: Callable[[], Awaitable[object]], *, within: float) -> bool:
    """Ask until the answer is yes; False if it was not within the time."""
    deadline = asyncio.get_running_loop().time() + within
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_PERIOD)
    return True
