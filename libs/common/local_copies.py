"""Objects as files: fetched once for all who need them at the same time, and kept for the next."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from libs.common.scratch import ScratchFolder

Fetch = Callable[[str, Path], Awaitable[None]]
"""Writes the object of a key to a path."""


class LocalCopies:
    """Copies of large objects in temporary files.

    The chunks of one meeting read the same recording; without sharing, each would fetch all of it.
    """

    def __init__(self, fetch: Fetch, *, kept: float = 60.0) -> None:
        """`kept`: seconds that a copy outlives its last use."""
        self._fetch = fetch
        self._kept = kept
        self._copies: dict[str, _Copy] = {}

    @asynccontextmanager
    async def copy(self, key: str) -> AsyncIterator[Path]:
        """The object as a file that nobody changes, until the block ends; raises what fetching raises."""
        copy = self._copies.get(key)
        if copy is None or copy.has_failed:
            self._drop_unused()
            copy = self._copies[key] = _Copy(self._fetch, key)
        copy.users += 1
        try:
            # One who is cancelled must not stop the fetch that others wait for.
            yield await asyncio.shield(copy.fetching)
        finally:
            copy.users -= 1
            if copy.has_failed and copy.users == 0:
                copy.folder.cleanup()
            # What was deleted in the store must not stay on this disk.
            asyncio.get_running_loop().call_later(self._kept, self._drop_unused)

    def _drop_unused(self) -> None:
        for key, copy in list(self._copies.items()):
            if copy.users == 0 and copy.fetching.done():
                del self._copies[key]
                copy.folder.cleanup()


class _Copy:
    """One object on its way to the disk, or there."""

    def __init__(self, fetch: Fetch, key: str) -> None:
        self.users = 0
        self.folder = ScratchFolder()
        self.fetching = asyncio.create_task(self._fetched(fetch, key))
        # Whoever waits gets its error; where nobody does any more, asyncio would report it.
        self.fetching.add_done_callback(lambda task: task.cancelled() or task.exception())

    @property
    def has_failed(self) -> bool:
        return self.fetching.done() and (self.fetching.cancelled() or self.fetching.exception() is not None)

    async def _fetched(self, fetch: Fetch, key: str) -> Path:
        path = self.folder.path / "object"
        await fetch(key, path)
        return path
