"""Gathers the pieces in which a body arrives, so that parsing, hashing and storing are paid per block."""

from collections.abc import AsyncIterable, AsyncIterator

BLOCK_BYTES = 1024 * 1024


async def in_blocks(chunks: AsyncIterable[bytes], *, size_bytes: int = BLOCK_BYTES) -> AsyncIterator[bytes]:
    """The same bytes in blocks of at least `size_bytes`, except the last, and the first: that passes at once."""
    held: list[bytes] = []
    held_bytes, wanted_bytes = 0, 1
    async for chunk in chunks:
        held.append(chunk)
        held_bytes += len(chunk)
        if held_bytes >= wanted_bytes:
            yield b"".join(held)
            held, held_bytes, wanted_bytes = [], 0, size_bytes
    if held_bytes:
        yield b"".join(held)
