"""The object store over an S3 server: all that every store keeps, and what only S3 can leave behind."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.common.storage import ObjectStore
from tests.object_stores import Bucket
from tests.unit.libs.common.test_storage import *  # noqa: F403 - they run here as well, on this `any_store`

_RACER = Path(__file__).with_name("put_racer.py")
_ROUNDS = 50


@pytest.fixture  # type: ignore[no-redef]  # instead of the folder and the memory
def any_store(bucket: Bucket) -> ObjectStore:
    return ObjectStore.open(bucket.environment["OBJECT_STORE_URL"])


def test_one_of_two_processes_wins_each_race(bucket: Bucket) -> None:
    racers = [
        subprocess.Popen([sys.executable, str(_RACER), name, str(_ROUNDS)], stdout=subprocess.PIPE, text=True)
        for name in ("left", "right")
    ]
    won = [set(racer.communicate(timeout=60)[0].split()) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert all(won)
    assert not won[0] & won[1]
    assert len(won[0] | won[1]) == _ROUNDS


async def _half(begun: asyncio.Event) -> AsyncIterator[bytes]:
    for _ in range(12):
        yield b"x" * 1_000_000
    begun.set()
    await asyncio.Event().wait()


async def _broken() -> AsyncIterator[bytes]:
    for _ in range(12):
        yield b"x" * 1_000_000
    raise ConnectionResetError("the client went away")


async def test_a_stream_that_fails_is_aborted_at_once(any_store: ObjectStore, bucket: Bucket) -> None:
    with pytest.raises(ConnectionResetError):
        await any_store.write("a/upload", _broken())
    assert bucket.unfinished == []


async def test_an_upload_that_is_cancelled_is_aborted_at_once_and_no_other(
    any_store: ObjectStore, bucket: Bucket
) -> None:
    begun = [asyncio.Event(), asyncio.Event()]
    writing = [
        asyncio.create_task(any_store.write(f"a/upload ü&%{number}", _half(one))) for number, one in enumerate(begun)
    ]
    for one in begun:
        await one.wait()
    writing[0].cancel()
    await asyncio.wait(writing[:1])
    assert bucket.unfinished == ["objects/a/upload ü&%1"]
    writing[1].cancel()
    await asyncio.wait(writing)
    assert bucket.unfinished == []
    assert all(one.cancelled() for one in writing)


def _kill_uploading(url: str, name: str) -> None:
    killed = subprocess.run([sys.executable, str(_RACER), "--killed", url, name], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL


async def test_what_a_killed_process_left_is_removed_from_its_own_prefix(
    any_store: ObjectStore, bucket: Bucket
) -> None:
    for url in (f"s3://{bucket.name}/objects", f"s3://{bucket.name}/objects-of-others"):
        for number in range(2):
            _kill_uploading(url, str(number))
    assert len(bucket.unfinished) == 4
    assert await any_store.remove_unfinished(age=0.0) == 2
    assert {key.partition("/")[0] for key in bucket.unfinished} == {"objects-of-others"}
    assert await any_store.list("") == []


async def test_a_bucket_without_prefix_is_swept_too(bucket: Bucket) -> None:
    url = f"s3://{bucket.name}"
    _kill_uploading(url, "1")
    assert len(bucket.unfinished) == 1
    assert await ObjectStore.open(url).remove_unfinished(age=0.0) == 1
    assert bucket.unfinished == []


async def test_in_a_bucket_that_others_share_only_own_folders_are_swept(bucket: Bucket) -> None:
    store = ObjectStore.open(f"s3://{bucket.name}")
    for url in (f"s3://{bucket.name}/meetings", f"s3://{bucket.name}/meetings-of-others", f"s3://{bucket.name}"):
        _kill_uploading(url, "1")
    assert await store.remove_unfinished(age=0.0, folders=["meetings", "samples"]) == 1
    assert len(bucket.unfinished) == 2
    assert not [key for key in bucket.unfinished if key.startswith("meetings/")]
