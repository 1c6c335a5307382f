"""SHA-256 of what passes, computed beside the event loop."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator


class Digest:
    """Of one stream. A block is hashed by a thread while the next arrives: the GIL is free meanwhile."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    async def watch(self, blocks: AsyncIterable[memoryview]) -> AsyncIterator[memoryview]:
        """The same blocks."""
        hashing: asyncio.Future[None] | None = None
        async for block in blocks:
            if hashing is not None:
                await hashing
            hashing = asyncio.get_running_loop().run_in_executor(None, self._hash.update, block)
            yield block
        if hashing is not None:
            await hashing

    def hex(self) -> str:
        """Of all that has passed."""
        return self._hash.hexdigest()
