"""Memory and speed of large objects over S3: `python -m scripts.bench_store [GIGABYTES]`, at an rclone of its own.

Each way in or out of the store runs in a process of its own, whose resident memory is looked at a hundred times a
second; the limit is what `PARTS_AT_ONCE` and the size of a part allow, and a margin for the allocator.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import BaseModel

from libs.common.storage import ObjectStore
from libs.common.storage_backend import PARTS_AT_ONCE, part_bytes
from tests.object_stores import rclone_server

WAYS = ("write", "read", "upload", "local_copy")
MARGIN_BYTES = 40_000_000
"""For the buffers of connections, and what the allocator keeps."""

_BLOCK = bytearray(1_000_000)
_KEY = "bench/large"
_READ_BYTES = 1024**2


class Passage(BaseModel):
    """One passage of an object through a process."""

    way: str
    size_bytes: int
    seconds: float
    grown_bytes: int
    """How much more memory the process had at its peak than before."""

    @property
    def limit_bytes(self) -> int:
        return limit_bytes(self.way, self.size_bytes)


def limit_bytes(way: str, size_bytes: int) -> int:
    """How much a process may grow, whatever the size: the parts on their way, and one that is filled."""
    is_sent = way in {"write", "upload"}
    return MARGIN_BYTES + ((PARTS_AT_ONCE + 1) * part_bytes(size_bytes) if is_sent else 0)


@dataclass
class _Peak:
    """The most resident memory of this process while the block runs."""

    before_bytes: int = 0
    peak_bytes: int = 0

    def __enter__(self) -> "_Peak":
        self._process, self._ended = psutil.Process(), threading.Event()
        self.before_bytes = self.peak_bytes = self._process.memory_info().rss
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss)


def measured(way: str, size_bytes: int, environment: Mapping[str, str], folder: Path) -> Passage:
    """One passage in a process of its own; `read` and `local_copy` need what another has stored."""
    command = [sys.executable, "-m", "scripts.bench_store", "--passage", way, str(size_bytes), str(folder)]
    ended = subprocess.run(
        command, env={**os.environ, **environment, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, check=True
    )
    return Passage.model_validate_json(ended.stdout)


async def _pass(way: str, size_bytes: int, folder: Path) -> Passage:
    store = ObjectStore.open(os.environ["OBJECT_STORE_URL"])
    await store.exists(_KEY)  # what a first request needs is no growth
    ways: dict[str, Callable[[], Awaitable[int]]] = {
        "write": lambda: _write(store, size_bytes),
        "read": lambda: _read(store),
        "upload": lambda: _upload(store, folder / "large"),
        "local_copy": lambda: _copy(store),
    }
    if way == "upload":
        await asyncio.to_thread(_fill, folder / "large", size_bytes)
    began = time.monotonic()
    with _Peak() as memory:
        passed = await ways[way]()
    assert passed == size_bytes, f"{passed} bytes of {size_bytes}"
    grown = memory.peak_bytes - memory.before_bytes
    return Passage(way=way, size_bytes=size_bytes, seconds=time.monotonic() - began, grown_bytes=grown)


async def _write(store: ObjectStore, size_bytes: int) -> int:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(size_bytes // len(_BLOCK)):
            yield bytes(_BLOCK)  # a new one: the client holds on to what it is given

    await store.write(_KEY, content())
    return await store.size(_KEY)


async def _read(store: ObjectStore) -> int:
    size_bytes = 0
    async for chunk in store.read(_KEY):
        size_bytes += len(chunk)
    return size_bytes


async def _upload(store: ObjectStore, path: Path) -> int:
    await store.upload(path, _KEY)
    return await store.size(_KEY)


async def _copy(store: ObjectStore) -> int:
    async with store.local_copy(_KEY) as path:
        return (await asyncio.to_thread(path.stat)).st_size


def _fill(path: Path, size_bytes: int) -> None:
    with path.open("wb") as file:
        for _ in range(size_bytes // len(_BLOCK)):
            file.write(_BLOCK)


def main(gigabytes: float) -> int:
    """Measure every way in and out; 1 if one needs more memory than its limit."""
    is_flat = True
    with tempfile.TemporaryDirectory() as name, rclone_server(Path(name)) as server:
        environment = server.new_bucket().environment
        for way in WAYS:
            passage = measured(way, round(gigabytes * 1000) * len(_BLOCK), environment, Path(name))
            is_flat &= passage.grown_bytes <= passage.limit_bytes
            grown, limit = passage.grown_bytes / 1e6, passage.limit_bytes / 1e6
            speed = passage.size_bytes / passage.seconds / 1e6
            print(f"{way:<10} {gigabytes:g} GB  {speed:6.0f} MB/s  memory +{grown:5.1f} MB (at most {limit:.0f} MB)")
    return 0 if is_flat else 1


def _leave(passage: Passage) -> None:
    sys.stdout.write(passage.model_dump_json())
    sys.stdout.flush()
    os._exit(0)  # a thread of the client can abort an interpreter that is torn down


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--passage", way, size, folder]:
            _leave(asyncio.run(_pass(way, int(size), Path(folder))))
        case arguments:
            sys.exit(main(float(arguments[0]) if arguments else 3.0))
