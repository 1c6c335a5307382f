"""What passes is hashed."""

import hashlib
from collections.abc import AsyncIterator

from services.gateway.intake.digest import Digest


async def test_a_digest_is_of_all_that_passed() -> None:
    digest = Digest()
    content = [memoryview(bytes([number]) * 300_000) for number in range(5)]

    async def blocks() -> AsyncIterator[memoryview]:
        for block in content:
            yield block

    assert [block async for block in digest.watch(blocks())] == content
    assert digest.hex() == hashlib.sha256(b"".join(content)).hexdigest()
