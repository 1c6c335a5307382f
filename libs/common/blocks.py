"""Gathers the pieces in which a stream arrives, for those to whom each piece is dear."""

from collections.abc import AsyncIterable, AsyncIterator


async def in_blocks(chunks: AsyncIterable[bytes | memoryview], *, size_bytes: int) -> AsyncIterator[bytes]:
    """The same bytes in blocks of at least `size_bytes`, except the last; none is empty."""
    held: list[bytes | memoryview] = []
    held_bytes = 0
    async for chunk in chunks:
        held.append(chunk)
        held_bytes += len(chunk)
        if held_bytes >= size_bytes:
            yield b"".join(held)
            held, held_bytes = [], 0
    if held_bytes:
        yield b"".join(held)
