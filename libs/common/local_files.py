"""Streams into files of this machine, which appear once they are complete.

A store's own client copies every block, holds several parts of each upload in memory and crosses threads for each piece
that arrives. Here a block is written by one thread, as it is, while the next arrives.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from libs.common.errors import StorageUnavailable

_PLAIN_KEY = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
_TRIES = 10


def has_plain_name(key: str) -> bool:
    """Whether a key is the name of its file as it stands, and leads nowhere else."""
    return _PLAIN_KEY.fullmatch(key) is not None


async def write_file(path: Path, blocks: AsyncIterable[bytes | memoryview]) -> None:
    """Write a file from a stream; if the stream fails, none appears.

    Raises:
        StorageUnavailable: The disk did not take it.
    """
    staged = path.with_name(f"{path.name}#{secrets.randbits(32)}")  # no object, and swept like those of the client
    with _reported():
        file = await asyncio.to_thread(_new_file, staged)
    try:
        await _fill(file, blocks)
        with _reported():
            await asyncio.to_thread(_complete, file, staged, path)
    except BaseException:
        with suppress(OSError):
            file.close()
        _remove(staged)
        raise


async def _fill(file: BinaryIO, blocks: AsyncIterable[bytes | memoryview]) -> None:
    writing: asyncio.Future[int] | None = None
    async for block in blocks:
        await _written(writing)
        writing = asyncio.get_running_loop().run_in_executor(None, file.write, block)
    await _written(writing)


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


def _complete(file: BinaryIO, staged: Path, path: Path) -> None:
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
