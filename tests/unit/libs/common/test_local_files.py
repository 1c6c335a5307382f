"""A file is there whole or not at all."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.common.errors import StorageUnavailable
from libs.common.local_files import has_plain_name, write_file


async def blocks(*contents: bytes | memoryview) -> AsyncIterator[bytes | memoryview]:
    for content in contents:
        yield content


def assert_content(path: Path, content: bytes) -> None:
    assert path.read_bytes() == content


def assert_empty(folder: Path) -> None:
    assert list(folder.iterdir()) == []


async def broken() -> AsyncIterator[bytes]:
    yield bytes(100_000)
    raise ValueError("the client went away")


async def endless(begun: asyncio.Event) -> AsyncIterator[bytes]:
    yield bytes(100_000)
    begun.set()
    await asyncio.Event().wait()


@pytest.mark.parametrize("size", [1, 700, 65_536, 300_001, 524_288, 3_000_000])
async def test_all_bytes_arrive_in_their_order_however_they_are_cut(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(min(3_000_000, 5000 * size))
    cut = [content[start : start + size] for start in range(0, len(content), size)]
    await write_file(tmp_path / "a" / "b", blocks(b"", *(memoryview(one) for one in cut)))
    assert_content(tmp_path / "a" / "b", content)


async def test_a_stream_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="went away"):
        await write_file(tmp_path / "a" / "b", broken())
    assert_empty(tmp_path)


async def test_a_cancelled_write_leaves_nothing(tmp_path: Path) -> None:
    writing = asyncio.create_task(write_file(tmp_path / "a" / "b", endless(begun := asyncio.Event())))
    await begun.wait()
    writing.cancel()
    await asyncio.wait({writing})
    assert writing.cancelled()
    assert_empty(tmp_path)


async def test_a_disk_that_takes_nothing_is_an_outage_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a file where a folder should be")
    with pytest.raises(StorageUnavailable):
        await write_file(tmp_path / "a" / "b", blocks(b"one"))


async def test_a_folder_that_is_removed_meanwhile_is_an_outage_of_the_store(tmp_path: Path) -> None:
    async def removing() -> AsyncIterator[bytes]:
        yield b"one"
        for path in (tmp_path / "a").iterdir():
            path.unlink()
        (tmp_path / "a").rmdir()

    with pytest.raises(StorageUnavailable):
        await write_file(tmp_path / "a" / "b", removing())


@pytest.mark.parametrize("key", ["../a", "a/../b", "/a", "a//b", "a/", "a#1", "a%2Fb", ".a", ""])
def test_only_keys_that_are_their_files_names_are_written_here(key: str) -> None:
    assert not has_plain_name(key)
    assert has_plain_name("meetings/7b0e-1/upload-00ff.wav")
