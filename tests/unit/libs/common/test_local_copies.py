"""Copies are shared, kept for the next, and do not pile up."""

import asyncio
import gc
from pathlib import Path

import pytest

from libs.common.errors import ObjectMissing
from libs.common.local_copies import LocalCopies


class Source:
    """Objects, and how often each was fetched."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def fetch(self, key: str, path: Path) -> None:
        self.fetched.append(key)
        await self.may_end.wait()
        if key == "missing":
            raise ObjectMissing(key)
        path.write_text(key)  # noqa: ASYNC240 - a few bytes


async def test_one_fetch_serves_all_at_the_same_time_and_the_next() -> None:
    source = Source()
    copies = LocalCopies(source.fetch)

    async def read() -> str:
        async with copies.copy("a") as path:
            return path.read_text()

    assert list(await asyncio.gather(read(), read(), read())) == ["a", "a", "a"]
    assert await read() == "a"
    assert source.fetched == ["a"]


async def test_an_unused_copy_goes_when_another_is_needed() -> None:
    copies = LocalCopies(Source().fetch)
    async with copies.copy("a") as first:
        pass
    async with copies.copy("b") as second:
        assert not first.exists()
        async with copies.copy("c"):
            assert second.exists(), "a copy in use stays"


async def test_a_failed_fetch_is_tried_again_by_the_next() -> None:
    source = Source()
    copies = LocalCopies(source.fetch)
    for _ in range(2):
        with pytest.raises(ObjectMissing):
            async with copies.copy("missing"):
                pass
    assert source.fetched == ["missing", "missing"]


async def test_who_is_cancelled_does_not_stop_the_fetch_of_others() -> None:
    source = Source()
    source.may_end.clear()
    copies = LocalCopies(source.fetch)

    async def read() -> str:
        async with copies.copy("a") as path:
            return path.read_text()

    leaving, staying = asyncio.create_task(read()), asyncio.create_task(read())
    await asyncio.sleep(0)
    leaving.cancel()
    source.may_end.set()
    assert await staying == "a"
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_fetch_that_fails_when_nobody_waits_for_it_any_more_is_no_fault() -> None:
    faults = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    await _give_up_waiting()
    gc.collect()
    assert faults == []


async def _give_up_waiting() -> None:
    """Be cancelled while an object is fetched that is missing."""
    source = Source()
    source.may_end.clear()
    copies = LocalCopies(source.fetch, kept=0.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), copies.copy("missing"):
            pass
    assert source.fetched == ["missing"]
    source.may_end.set()
    for _ in range(5):
        await asyncio.sleep(0)
