"""The object store: put-if-absent, streams, and what a failed stream leaves behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings, ObjectMissing
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


@pytest.mark.parametrize("is_absolute", [False, True])
async def test_no_key_leads_out_of_the_folder(tmp_path: Path, *, is_absolute: bool) -> None:
    store = ObjectStore.open((tmp_path / "objects").as_uri())
    (tmp_path / "secret").write_bytes(b"1")
    with pytest.raises((ValueError, ObjectMissing)):
        async with store.local_copy(str(tmp_path / "secret") if is_absolute else "../secret"):
            pass


async def test_a_folder_is_no_object(tmp_path: Path) -> None:
    store = ObjectStore.open((tmp_path / "objects").as_uri())
    await store.put("a/b", b"1")
    with pytest.raises(ObjectMissing):
        async with store.local_copy("a"):
            pass


async def test_a_local_copy_has_the_content(any_store: ObjectStore) -> None:
    await any_store.put("a/b", b"content")
    async with any_store.local_copy("a/b") as path:
        assert path.read_bytes() == b"content"


async def read_while_deleting(store: ObjectStore, key: str, *, other: Path | None = None) -> None:
    async with store.local_copy(key) as path:
        await store.delete([key])
        (other or path).read_bytes()


async def test_a_file_of_a_folder_that_goes_while_it_is_read_is_missing(tmp_path: Path) -> None:
    store = ObjectStore.open(tmp_path.as_uri())
    await store.put("a/b", b"content")
    with pytest.raises(ObjectMissing):
        await read_while_deleting(store, "a/b")
    await store.put("a/b", b"content")
    with pytest.raises(FileNotFoundError):
        await read_while_deleting(store, "a/b", other=tmp_path / "another")


async def test_what_is_missing_is_said_to_be(any_store: ObjectStore) -> None:
    assert await any_store.find("no") is None
    assert not await any_store.exists("no")
    for read in (any_store.get("no"), any_store.size("no"), any_store.load(MeetingRequest, "no")):
        with pytest.raises(ObjectMissing):
            await read
    with pytest.raises(ObjectMissing):
        async with any_store.local_copy("no"):
            pass


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


def test_an_address_of_no_store_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="OBJECT_STORE_URL"):
        ObjectStore.open("ftp://example.com/folder")
