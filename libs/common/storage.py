"""The object store: a local folder, S3 or anything S3-compatible, behind one interface.

Outcomes are small and are written with put-if-absent. What grows with a recording is streamed under a random key:
a multipart upload always overwrites.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, from_url
from obstore.store import ObjectStore as Obstore
from pydantic import ValidationError

from libs.common.errors import InvalidSettings, ObjectMissing, StorageUnavailable
from libs.common.local_copies import LocalCopies
from libs.common.speech import Frozen

Artifact = TypeVar("Artifact", bound=Frozen)

_PART_BYTES = 5 * 1024 * 1024
_PROBE = "probes/put-if-absent"
_READ_BYTES = 1024 * 1024


class ObjectStore:
    """Keys to bytes. Every method raises `StorageUnavailable` when the store does not answer."""

    def __init__(self, backend: Obstore, *, folder: Path | None = None) -> None:
        """`folder`: where the objects are, if they are files of this machine."""
        self._backend = backend
        self._folder = folder
        self._copies = LocalCopies(self._fetch)

    @classmethod
    def open(cls, url: str) -> "ObjectStore":
        """Open `file:///folder`, `s3://bucket/prefix` or `memory://`.

        Raises:
            InvalidSettings: The address names no store that is supported.
        """
        try:
            if urlsplit(url).scheme == "file":
                folder = Path(url2pathname(urlsplit(url).path))
                return cls(LocalStore(folder, mkdir=True, automatic_cleanup=True), folder=folder)
            return cls(MemoryStore() if urlsplit(url).scheme == "memory" else from_url(url))
        except (BaseError, ValueError, OSError) as error:
            reason = str(error).partition("\n")[0]  # the rest is how Rust prints the error for debugging
            raise InvalidSettings(f"OBJECT_STORE_URL names no usable store: {reason}") from error

    async def check(self) -> None:
        """Refuse a store that ignores put-if-absent: two outcomes of one unit could then exist.

        Raises:
            InvalidSettings: The store overwrites an object that exists.
        """
        await self.put_new(_PROBE, b"1")  # there may be one: it stays, so that whoever is killed here leaves nothing
        if await self.put_new(_PROBE, b"2"):
            raise InvalidSettings("the object store ignores put-if-absent (If-None-Match); choose one that has it")

    async def put_new(self, key: str, data: bytes) -> bool:
        """Write an object unless it exists; False if it did."""
        with _reported():
            try:
                if isinstance(self._backend, MemoryStore):
                    obstore.put(self._backend, key, data, mode="create")  # answers at once, no thread needed
                else:
                    await obstore.put_async(self._backend, key, data, mode="create")
            except AlreadyExistsError:
                return False
            return True

    async def put(self, key: str, data: bytes) -> None:
        """Write a small object, whether or not it exists."""
        with _reported():
            await obstore.put_async(self._backend, key, data)

    async def write(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Write an object from a stream in bounded memory; if the stream fails, no object appears."""
        with _reported():
            await obstore.put_async(self._backend, key, _non_empty(chunks), chunk_size=_PART_BYTES)

    async def upload(self, path: Path, key: str) -> None:
        """Write a file, streamed."""
        with _reported():
            await obstore.put_async(self._backend, key, path, chunk_size=_PART_BYTES)

    async def get(self, key: str) -> bytes:
        """Read a small object.

        Raises:
            ObjectMissing: There is none.
        """
        data = await self.find(key)
        if data is None:
            raise ObjectMissing(f"object {key} is not in the store")
        return data

    async def find(self, key: str) -> bytes | None:
        """Read a small object, or `None` if there is none."""
        with _reported():
            try:
                if isinstance(self._backend, MemoryStore):
                    return bytes(obstore.get(self._backend, key).bytes())
                result = await obstore.get_async(self._backend, key)
                return bytes(await result.bytes_async())
            except FileNotFoundError:
                return None

    async def load(self, model: type[Artifact], key: str) -> Artifact:
        """Read a JSON artifact.

        Raises:
            ObjectMissing: There is none, or it is not what it should be.
        """
        data = await self.get(key)
        try:
            return model.model_validate_json(data)
        except ValidationError as error:
            raise ObjectMissing(f"object {key} is no {model.__name__}") from error

    async def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        with _reported():
            try:
                await obstore.head_async(self._backend, key)
            except FileNotFoundError:
                return False
            return True

    async def size(self, key: str) -> int:
        """Bytes of an object.

        Raises:
            ObjectMissing: There is none.
        """
        with _reported():
            try:
                return int((await obstore.head_async(self._backend, key))["size"])
            except FileNotFoundError as error:
                raise ObjectMissing(f"object {key} is not in the store") from error

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Stream an object.

        Raises:
            ObjectMissing: There is none.
        """
        with _reported():
            try:
                result = await obstore.get_async(self._backend, key)
            except FileNotFoundError as error:
                raise ObjectMissing(f"object {key} is not in the store") from error
            async for chunk in result.stream(min_chunk_size=_READ_BYTES):
                yield bytes(chunk)

    @asynccontextmanager
    async def local_copy(self, key: str) -> AsyncIterator[Path]:
        """An object as a file that must not be changed, until the block ends.

        Raises:
            ObjectMissing: There is none.
        """
        if self._folder is None:
            async with self._copies.copy(key) as path:
                yield path
            return
        path = self._folder / key
        if not await self.exists(key):  # asked of the store: a key of a case may lead out of its folder
            raise ObjectMissing(f"object {key} is not in the store")
        try:
            yield path
        except FileNotFoundError as error:
            if error.filename is None or Path(error.filename) != path:
                raise
            raise ObjectMissing(f"object {key} was deleted while it was read") from error

    async def _fetch(self, key: str, path: Path) -> None:
        with path.open("wb") as file:
            async for chunk in self.read(key):
                await asyncio.to_thread(file.write, chunk)

    async def list(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        folder, _, _ = prefix.rpartition("/")
        with _reported():
            found = await obstore.list(self._backend, prefix=folder or None).collect_async()
        return sorted(one["path"] for one in found if one["path"].startswith(prefix))

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        with _reported():
            for key in keys:
                try:
                    await obstore.delete_async(self._backend, key)
                except FileNotFoundError:
                    continue

    async def delete_prefix(self, prefix: str) -> int:
        """Remove everything whose key begins with `prefix`; returns how many objects there were."""
        keys = await self.list(prefix)
        await self.delete(keys)
        return len(keys)


@contextmanager
def _reported() -> Iterator[None]:
    """What went wrong in the store; only a caller that handles `FileNotFoundError` itself asked for an object.

    Elsewhere it is the upload or the bucket that is gone: a completed upload, too, if the answer to that was lost.
    """
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        reason = str(error).partition("\n")[0]  # the rest is how Rust prints the error for debugging
        raise StorageUnavailable(f"the object store did not answer: {reason}") from error


async def _non_empty(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if chunk:
            yield chunk
