"""Bodies are worked on in blocks, whatever way they arrive, and hashed as they pass."""

import hashlib
from collections.abc import AsyncIterator, Sequence

import pytest

from services.gateway.intake.blocks import in_blocks
from services.gateway.intake.digest import Digest


async def pieces(sizes: Sequence[int]) -> AsyncIterator[bytes]:
    for number, size in enumerate(sizes):
        yield bytes([number % 256]) * size


@pytest.mark.parametrize(
    ("arriving", "expected"),
    [
        ([], []),
        ([0, 0], []),
        ([3], [3]),
        ([3, 3], [3, 3]),
        ([3, 4, 4, 4, 4, 2], [3, 12, 6]),
        ([100, 100], [100, 100]),
    ],
)
async def test_the_first_piece_passes_at_once_and_the_others_are_gathered(
    arriving: list[int], expected: list[int]
) -> None:
    blocks = [block async for block in in_blocks(pieces(arriving), size_bytes=10)]
    assert [len(block) for block in blocks] == expected
    assert b"".join(blocks) == b"".join([piece async for piece in pieces(arriving)])


async def test_a_digest_is_of_all_that_passed() -> None:
    digest = Digest()
    content = [memoryview(bytes([number]) * 300_000) for number in range(5)]

    async def blocks() -> AsyncIterator[memoryview]:
        for block in content:
            yield block

    assert [block async for block in digest.watch(blocks())] == content
    assert digest.hex() == hashlib.sha256(b"".join(content)).hexdigest()
