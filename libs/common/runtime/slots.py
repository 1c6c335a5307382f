"""How many units a stage has in hand, and which of them must be alone in the process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LINGER = 0.001


class Slots:
    """Free places for units; nothing is read ahead of one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.free = count
        self.room_since: float | None = time.monotonic()
        """Since when there has been a free place all the time; `None` while there is none."""

        self._has_free = asyncio.Event()
        self._has_free.set()

    async def wait_free(self) -> int:
        """Wait for a free place; returns how many there are; not above 0 once closed."""
        await self._has_free.wait()
        if self.free < self._count:
            # Units that end together leave room to be filled with one read.
            await asyncio.sleep(_LINGER)
        return self.free

    def close(self) -> None:
        """Wake who waits: no place will be given any more."""
        self.free = -1_000_000
        self.room_since = None
        self._has_free.set()

    def take(self) -> None:
        """Occupy a place."""
        self.free -= 1
        if self.free <= 0:
            self.room_since = None
            self._has_free.clear()

    def release(self) -> None:
        """Give a place back."""
        self.free += 1
        if self.free == 1:
            self.room_since = time.monotonic()
        self._has_free.set()


class Solitude:
    """Lets units run side by side, but a suspect alone, so that it takes no innocent with it.

    What only waits behind a suspect dies with it, too: while one is in hand, nothing else is to be taken.
    """

    def __init__(self) -> None:
        self.taking_over = asyncio.Lock()
        """Held by the stage that takes over, so that no two take a suspect."""

        self._running = 0
        self._suspects = 0
        self._changed = asyncio.Condition()
        self._in_hand = 0
        self._none_in_hand = asyncio.Event()
        self._none_in_hand.set()
        self.clear_since = time.monotonic()
        """Since when no suspect has been in hand, if none is."""

    @property
    def has_suspect(self) -> bool:
        """Whether one is in hand."""
        return self._in_hand > 0

    async def wait_for_no_suspect(self) -> None:
        """Return at once if none is in hand."""
        await self._none_in_hand.wait()

    def take_suspect(self) -> None:
        """Have one in hand from now on, although it may still wait for its turn."""
        self._in_hand += 1
        self._none_in_hand.clear()

    def release_suspect(self) -> None:
        """Have one less in hand."""
        self._in_hand -= 1
        if not self._in_hand:
            self.clear_since = time.monotonic()
            self._none_in_hand.set()

    @asynccontextmanager
    async def place(self, *, alone: bool) -> AsyncIterator[None]:
        """Hold a place in the process while the block runs."""
        if alone:
            async with self._alone():
                yield
            return
        if self._suspects:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._suspects)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            await self._tell()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        self._suspects += 1
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._running)
                self._running += 1
            try:
                yield
            finally:
                self._running -= 1
        finally:
            self._suspects -= 1
            await self._tell(always=True)

    async def _tell(self, *, always: bool = False) -> None:
        if always or self._suspects:
            async with self._changed:
                self._changed.notify_all()
