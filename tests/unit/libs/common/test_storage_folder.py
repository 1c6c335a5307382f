"""The object store in a folder: no way out of it, and what a killed process leaves there."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from libs.common.errors import ObjectMissing
from libs.common.storage import ObjectStore

_KILLED = """
import asyncio, os, signal, sys
from libs.common.storage import ObjectStore

async def killing():
    for _ in range(7):
        yield bytes(1_000_000)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(ObjectStore.open(sys.argv[1]).write("a/b/upload", killing()))
"""


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


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@contextmanager
def _coming_and_going(folder: Path) -> Iterator[None]:
    """Uploads beside the block: each is completed and deleted, and its folder goes with it."""
    enough = Event()

    def come_and_go() -> None:
        staged = folder / "upload#1"
        while not enough.is_set():
            folder.mkdir(parents=True)
            staged.write_bytes(b"1")
            staged.rename(folder / "upload").unlink()
            folder.rmdir()

    with ThreadPoolExecutor() as threads:
        coming = threads.submit(come_and_go)
        try:
            yield
        finally:
            enough.set()
            coming.result()


def _kill_uploading(url: str) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, url], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL


async def test_what_a_killed_upload_leaves_is_removed_once_nobody_writes_to_it(tmp_path: Path) -> None:
    store = ObjectStore.open(tmp_path.as_uri())
    _kill_uploading(tmp_path.as_uri())
    (left,) = _files(tmp_path)
    await store.put("a/b/c#d", b"an object")
    assert await store.remove_unfinished(age=3600.0) == 0
    os.utime(left, (0, 0))
    assert await store.remove_unfinished(age=3600.0) == 1
    assert [path.name for path in _files(tmp_path)] == ["c#d"]
    assert await store.get("a/b/c#d") == b"an object"


async def test_uploads_that_end_while_others_are_removed_are_no_error(tmp_path: Path) -> None:
    store = ObjectStore.open(tmp_path.as_uri())
    with _coming_and_going(tmp_path / "meetings" / "1"):
        removed = [await store.remove_unfinished(age=3600.0) for _ in range(500)]
    assert set(removed) == {0}


async def test_files_of_others_are_not_removed(tmp_path: Path) -> None:
    store = ObjectStore.open(tmp_path.as_uri())
    for name in ("ours/1/upload#1", "theirs/draft#1", "draft#1", "ours-too#1"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    assert await store.remove_unfinished(age=0.0, folders=["none", "ours"]) == 1
    assert {path.name for path in _files(tmp_path)} == {"draft#1", "ours-too#1"}
