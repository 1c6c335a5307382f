"""Streams into files of this machine, which appear once they are complete.

A store's own client holds several parts of each upload in memory and crosses threads for each piece that arrives. Here
one block is filled while a thread writes the other, and both are used until the end: memory that is taken anew for each
block costs more than to copy into it.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from libs.common.errors import StorageUnavailable

_PLAIN_KEY = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
_TRIES = 10
_BLOCK_BYTES = 512 * 1024


def has_plain_name(key: str) -> bool:
    """Whether a key is the name of its file as it stands, and leads nowhere else."""
    return _PLAIN_KEY.fullmatch(key) is not None


async def write_file(path: Path, chunks: AsyncIterable[bytes | memoryview]) -> None:
    """Write a file from a stream; if the stream fails, none appears.

    Raises:
        StorageUnavailable: The disk did not take it.
    """
    staged = path.with_name(f"{path.name}#{secrets.randbits(32)}")  # no object, and swept like those of the client
    with _reported():
        file = await asyncio.to_thread(_new_file, staged)
    try:
        last = await _fill(file, chunks)
        with _reported():
            await asyncio.to_thread(_complete, file, last, staged, path)
    except BaseException:
        with suppress(OSError):
            file.close()
        _remove(staged)
        raise


async def _fill(file: BinaryIO, chunks: AsyncIterable[bytes | memoryview]) -> memoryview:
    """Write all but the last block, which is returned."""
    filling, other = _Block(), _Block()
    writing: asyncio.Future[int] | None = None
    async for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            rest = filling.take(rest)
            if filling.is_full:
                await _written(writing)
                writing = asyncio.get_running_loop().run_in_executor(None, file.write, filling.content)
                filling, other = other, filling.emptied()
    await _written(writing)
    return filling.content


class _Block:
    """Memory that is filled and written again and again."""

    def __init__(self) -> None:
        self._memory = memoryview(b"")
        self._filled_bytes = 0

    @property
    def is_full(self) -> bool:
        return self._filled_bytes == _BLOCK_BYTES

    @property
    def content(self) -> memoryview:
        return self._memory[: self._filled_bytes]

    def take(self, chunk: memoryview) -> memoryview:
        """Copy what there is room for; returns the rest."""
        if not self._memory:
            self._memory = memoryview(bytearray(_BLOCK_BYTES))
        taken = chunk[: _BLOCK_BYTES - self._filled_bytes]
        self._memory[self._filled_bytes : self._filled_bytes + len(taken)] = taken
        self._filled_bytes += len(taken)
        return chunk[len(taken) :]

    def emptied(self) -> Self:
        """The same memory, once its content is handed over."""
        self._filled_bytes = 0
        return self


async def _written(writing: "asyncio.Future[int] | None") -> None:
    with _reported():
        if writing is not None:
            await writing


def _new_file(path: Path) -> BinaryIO:
    for _ in range(_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return path.open("xb")
        except FileNotFoundError:
            continue  # whoever removed the last object beside it removed the folder, too
    raise FileNotFoundError(f"the folder of {path} is removed again and again")


def _complete(file: BinaryIO, last: memoryview, staged: Path, path: Path) -> None:
    file.write(last)
    file.close()
    staged.rename(path)


def _remove(staged: Path) -> None:
    staged.unlink(missing_ok=True)
    try:
        staged.parent.rmdir()
    except OSError:
        return  # there is something else in it


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"the object store did not answer: {error}") from error
