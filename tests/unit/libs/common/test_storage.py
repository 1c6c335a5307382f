"""What every object store keeps; the tests of S3 run all of this again, on their own `any_store`."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.common.errors import ObjectMissing
from libs.common.request import MeetingRequest
from libs.common.storage import ObjectStore


@pytest.fixture(params=["folder", "memory"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    folder = tmp_path / "a folder with spaces"
    return ObjectStore.open(folder.as_uri() if request.param == "folder" else "memory://")


async def test_only_the_first_put_counts(any_store: ObjectStore) -> None:
    assert [await any_store.put_new("k", b"1"), await any_store.put_new("k", b"2")] == [True, False]
    assert await any_store.get("k") == b"1"
    await any_store.check()


async def test_a_put_replaces_what_there_is(any_store: ObjectStore) -> None:
    for content in (b"first", b"", b"second"):
        await any_store.put("a/k", content)
        assert (await any_store.get("a/k"), await any_store.size("a/k")) == (content, len(content))
    assert await any_store.exists("a/k")
    assert not await any_store.put_new("a/k", b"third")


async def test_only_one_of_many_who_put_at_the_same_time_wins(any_store: ObjectStore) -> None:
    for number in range(5):
        won = await asyncio.gather(*(any_store.put_new(f"k{number}", b"%d" % writer) for writer in range(8)))
        assert await any_store.get(f"k{number}") == b"%d" % won.index(True)
        assert won.count(True) == 1


async def test_looking_at_a_store_leaves_one_object_however_often_it_is_begun(any_store: ObjectStore) -> None:
    for _ in range(3):
        await any_store.check()
    assert len(await any_store.list("")) == 1


async def test_a_stream_that_fails_leaves_no_object(any_store: ObjectStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * 1_000_000
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await any_store.write("a/upload", broken())
    assert await any_store.list("") == []


async def test_a_stream_becomes_an_object(any_store: ObjectStore) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for letter in (b"a", b"", b"b"):
            yield letter * 3_000_000

    await any_store.write("a/upload", chunks())
    assert await any_store.size("a/upload") == 6_000_000
    assert b"".join([chunk async for chunk in any_store.read("a/upload")])[2_999_999:3_000_001] == b"ab"


async def test_an_empty_stream_becomes_an_empty_object(any_store: ObjectStore) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for empty in tuple[bytes, ...]():
            yield empty

    await any_store.write("a/upload", nothing())
    assert await any_store.get("a/upload") == b""


@pytest.mark.parametrize("size_bytes", [0, 1, 5 * 1024**2, 11_000_001])
async def test_a_file_becomes_an_object_and_a_file_again(
    any_store: ObjectStore, tmp_path: Path, size_bytes: int
) -> None:
    path = tmp_path / "original"
    path.write_bytes(os.urandom(size_bytes))
    await any_store.upload(path, "a/b ü+%")
    assert await any_store.list("a/") == ["a/b ü+%"]
    async with any_store.local_copy("a/b ü+%") as copy:
        assert copy.read_bytes() == path.read_bytes()


async def test_an_upload_that_is_cancelled_leaves_no_object(any_store: ObjectStore) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(7):
            yield b"x" * 1_000_000
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(any_store.write("a/upload", endless()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await any_store.list("") == []


async def test_a_local_copy_has_the_content(any_store: ObjectStore) -> None:
    await any_store.put("a/b", b"content")
    async with any_store.local_copy("a/b") as path:
        assert path.read_bytes() == b"content"


async def test_what_is_missing_is_said_to_be(any_store: ObjectStore) -> None:
    assert await any_store.find("no") is None
    assert not await any_store.exists("no")
    for read in (any_store.get("no"), any_store.size("no"), any_store.load(MeetingRequest, "no")):
        with pytest.raises(ObjectMissing):
            await read
    with pytest.raises(ObjectMissing):
        async with any_store.local_copy("no"):
            pass


async def test_reading_what_is_missing_is_said_so(any_store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        async for _ in any_store.read("no"):
            pass


async def test_an_artifact_is_read_as_it_was_written(any_store: ObjectStore) -> None:
    written = MeetingRequest()
    await any_store.put("k", written.model_dump_json().encode())
    assert await any_store.load(MeetingRequest, "k") == written


async def test_an_object_that_is_no_such_artifact_is_reported(any_store: ObjectStore) -> None:
    await any_store.put("k", b"[]")
    with pytest.raises(ObjectMissing, match="MeetingRequest"):
        await any_store.load(MeetingRequest, "k")


async def test_keys_are_listed_by_prefix_and_removed(any_store: ObjectStore) -> None:
    for key in ("run/plan.json", "run/plan.00001.json", "run/planet/x", "other/plan.json"):
        await any_store.put(key, b"1")
    assert await any_store.list("run/plan.") == ["run/plan.00001.json", "run/plan.json"]
    assert await any_store.delete_prefix("run/") == 3
    await any_store.delete(["run/plan.json"])
    assert await any_store.list("") == ["other/plan.json"]


async def test_more_keys_than_one_answer_of_s3_holds_are_listed_and_removed(any_store: ObjectStore) -> None:
    keys = [f"run/{number:04d} ü+%" for number in range(1001)]
    for first in range(0, len(keys), 50):
        await asyncio.gather(*(any_store.put(key, b"1") for key in keys[first : first + 50]))
    assert await any_store.list("run/") == keys
    assert await any_store.delete_prefix("run/") == 1001
    assert await any_store.list("") == []


async def test_nothing_to_remove_is_no_error(any_store: ObjectStore) -> None:
    await any_store.delete([])
    assert await any_store.delete_prefix("no/") == 0
    assert await any_store.remove_unfinished(age=0.0) == 0
