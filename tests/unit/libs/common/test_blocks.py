"""Streams can be handled in blocks, whatever way they arrive."""

from collections.abc import AsyncIterator, Sequence

import pytest

from libs.common.blocks import in_blocks


async def pieces(sizes: Sequence[int]) -> AsyncIterator[bytes]:
    for number, size in enumerate(sizes):
        yield bytes([number]) * size


@pytest.mark.parametrize(
    ("arriving", "expected"),
    [([], []), ([0, 0], []), ([3], [3]), ([4, 0, 4, 4, 4, 2], [12, 6]), ([100, 100], [100, 100])],
)
async def test_pieces_are_gathered_until_there_are_enough(arriving: list[int], expected: list[int]) -> None:
    blocks = [block async for block in in_blocks(pieces(arriving), size_bytes=10)]
    assert [len(block) for block in blocks] == expected
    assert b"".join(blocks) == b"".join([piece async for piece in pieces(arriving)])
