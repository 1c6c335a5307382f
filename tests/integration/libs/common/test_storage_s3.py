"""The object store over S3: the contract that every store keeps, and what a bad connection must not change."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chaos.store.faults import StoreFaults
from chaos.store.process import StoreServer
from libs.common.errors import StorageUnavailable
from libs.common.storage import ObjectStore
from libs.common.storage_backend import open_backend
from tests.unit.libs.common.test_storage import (  # noqa: F401 - they run here as well, on `any_store`
    test_a_local_copy_has_the_content,
    test_a_stream_becomes_an_object,
    test_a_stream_that_fails_leaves_no_object,
    test_an_object_that_is_no_such_artifact_is_reported,
    test_keys_are_listed_by_prefix_and_removed,
    test_only_the_first_put_counts,
    test_what_is_missing_is_said_to_be,
)


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    server = StoreServer(tmp_path_factory.mktemp("store"))
    server.start()
    kept = dict(os.environ)
    os.environ.update(server.environment)  # the client reads its keys there
    try:
        yield server
    finally:
        os.environ.clear()
        os.environ.update(kept)
        server.stop()


@pytest.fixture
async def server(shared_server: StoreServer) -> AsyncIterator[StoreServer]:
    """An empty store in which nothing goes wrong yet."""
    yield shared_server
    shared_server.suffer(StoreFaults())
    await ObjectStore.open(shared_server.environment["OBJECT_STORE_URL"]).delete_prefix("")


@pytest.fixture
def any_store(server: StoreServer) -> ObjectStore:
    return ObjectStore.open(server.environment["OBJECT_STORE_URL"])


async def _stream(size_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(size_bytes // 1_000_000):
        yield b"x" * 1_000_000


async def test_more_keys_than_one_answer_holds_are_listed_and_removed(any_store: ObjectStore) -> None:
    keys = [f"run/{number:04d} ü+%" for number in range(1100)]
    for key in keys:
        await any_store.put(key, b"1")
    assert await any_store.list("run/") == keys
    assert await any_store.delete_prefix("run/") == 1100


async def test_a_large_file_is_uploaded_in_parts(any_store: ObjectStore, server: StoreServer, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(11_000_000))
    await any_store.upload(path, "large")
    assert await any_store.get("large") == path.read_bytes()
    assert server.state().uploads == 0


async def test_an_upload_that_fails_is_given_up(any_store: ObjectStore, server: StoreServer) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in _stream(12_000_000):
            yield piece
        raise ConnectionResetError("the client went away")

    before = server.state().uploads
    with pytest.raises(ConnectionResetError):
        await any_store.write("upload", broken())
    assert server.state().uploads == before


@pytest.mark.parametrize("faults", [StoreFaults(errors=0.3), StoreFaults(cuts=0.2), StoreFaults(lost_answers=0.3)])
async def test_what_a_bad_connection_reports_has_happened(
    any_store: ObjectStore, server: StoreServer, faults: StoreFaults
) -> None:
    server.suffer(faults)
    for number in range(10):
        await any_store.put_new(f"k{number}", b"1")
        assert await any_store.get(f"k{number}") == b"1"
    assert sum(server.state().struck.values())


async def test_a_repeated_put_finds_its_own_object(any_store: ObjectStore, server: StoreServer) -> None:
    server.suffer(StoreFaults(lost_answers=0.5))
    answers = [await any_store.put_new(f"k{number}", b"1") for number in range(20)]
    server.suffer(StoreFaults())
    assert set(answers) == {True, False}
    assert [await any_store.get(f"k{number}") for number in range(20)] == [b"1"] * 20


async def test_a_bad_connection_is_no_reason_to_refuse_a_store(any_store: ObjectStore, server: StoreServer) -> None:
    server.suffer(StoreFaults(lost_answers=0.5))
    for _ in range(8):
        await any_store.check()


async def test_an_upload_whose_completion_is_not_answered_is_an_outage(
    any_store: ObjectStore, server: StoreServer
) -> None:
    async def write_often() -> None:
        for _ in range(20):
            await any_store.write("large", _stream(6_000_000))

    server.suffer(StoreFaults(lost_answers=0.5))
    with pytest.raises(StorageUnavailable):
        await write_often()
    server.suffer(StoreFaults())
    assert await any_store.size("large") == 6_000_000


async def test_a_store_that_only_fails_is_reported_in_one_line(server: StoreServer) -> None:
    server.suffer(StoreFaults(errors=1.0))
    hasty = ObjectStore(open_backend(server.environment["OBJECT_STORE_URL"], patience=1.0))
    with pytest.raises(StorageUnavailable) as raised:
        await hasty.get("k")
    assert "\n" not in raised.value.message
