"""One look at a server for all who ask within a moment: however many they are, it costs the server the same."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Found(Generic[T]):
    """What a look saw, and until when that is shown, by the monotonic clock."""

    value: T
    until: float


class SharedLook(Generic[T]):
    """Call it to see. Who comes while a look is under way waits for that one."""

    def __init__(self, look: Callable[[], Awaitable[T]], *, fresh: float) -> None:
        """`fresh`: seconds after its end for which a look is shown again."""
        self._look = look
        self._fresh = fresh
        self._found: _Found[T] | None = None
        self._looking = asyncio.Lock()

    async def __call__(self) -> T:
        """What the newest look has found; it looks again if that is too old."""
        async with self._looking:
            if self._found is None or time.monotonic() >= self._found.until:
                value = await self._look()
                self._found = _Found(value, time.monotonic() + self._fresh)
            return self._found.value
