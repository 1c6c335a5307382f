"""The object store: a local folder, S3 or anything S3-compatible, behind one interface.

Outcomes are small and are written with put-if-absent. What grows with a recording is streamed under a random key:
a multipart upload always overwrites.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import MemoryStore, S3Store
from obstore.store import ObjectStore as Obstore
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from libs.common.blocks import in_blocks
from libs.common.errors import InvalidSettings, ObjectMissing, StorageUnavailable
from libs.common.local_copies import LocalCopies
from libs.common.local_files import has_plain_name, write_file
from libs.common.speech import Frozen
from libs.common.storage_backend import PARTS_AT_ONCE, folder_of, open_backend, open_upload_backend, part_bytes
from libs.common.storage_refusals import StorageRefused, code_of, reported
from libs.common.tracing.spans import child_span
from libs.common.unfinished_uploads import UnfinishedUploads, remove_staged_files

Artifact = TypeVar("Artifact", bound=Frozen)

_PROBE = "probes/put-if-absent"
_NO_OBJECT = "probes/missing"
_READ_BYTES = 1024 * 1024
_BLOCK_BYTES = 1024 * 1024
"""Each goes to the client's threads and comes back, and that costs as much as sending 100 kB."""

_GIVING_UP_WITHIN = 5.0


class ObjectStore:
    """Keys to bytes. Every method raises `StorageUnavailable` when the store does not answer."""

    def __init__(
        self, backend: Obstore, *, uploads: Obstore | None = None, place: str = "in use", folder: Path | None = None
    ) -> None:
        """Over clients that are set up already.

        Args:
            backend: The client.
            uploads: Another client of the same store, for large objects.
            place: Its address, for messages.
            folder: Where the objects are, if they are files of this machine.
        """
        self._backend = backend
        self._uploads = uploads or backend
        self._place = place
        self._folder = folder
        self._copies = LocalCopies(self._fetch)

    @classmethod
    def open(cls, url: str) -> "ObjectStore":
        """Open `file:///folder`, `s3://bucket/prefix` or `memory://`.

        Raises:
            InvalidSettings: The address names no store that is supported.
        """
        backend = open_backend(url)
        uploads = open_upload_backend(url) if isinstance(backend, S3Store) else backend
        return cls(backend, uploads=uploads, place=url, folder=folder_of(url))

    async def check(self) -> None:
        """Refuse a store that ignores put-if-absent: two outcomes of one unit could then exist.

        Raises:
            InvalidSettings: The store overwrites an object that exists, or it refuses keys, bucket or region.
        """
        try:
            await self.put_new(_PROBE, b"1")  # there may be one: it stays, so that whoever is killed leaves nothing
            overwrites = await self.put_new(_PROBE, b"2")
            await self.find(_NO_OBJECT)  # without the right to list, what is missing is refused
        except StorageRefused as error:
            raise InvalidSettings(error.message) from error
        if overwrites:
            raise InvalidSettings("the object store ignores put-if-absent (If-None-Match); choose one that has it")

    async def put_new(self, key: str, data: bytes) -> bool:
        """Write an object unless it exists; False if it did."""
        with self._reported():
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
        with self._reported():
            await obstore.put_async(self._backend, key, data)

    async def write(self, key: str, chunks: AsyncIterable[bytes | memoryview], *, at_most_bytes: int = 0) -> None:
        """Write an object from a stream in bounded memory; if the stream fails, no object appears.

        `at_most_bytes`: how much the stream may bring, if that is more than the 48 GiB that any object may have.
        """
        if self._folder is not None and has_plain_name(key):
            await write_file(self._folder / key, chunks)
        else:
            await self._send(key, in_blocks(chunks, size_bytes=_BLOCK_BYTES), at_most_bytes)

    async def upload(self, path: Path, key: str) -> None:
        """Write a file, streamed."""
        size_bytes = (await asyncio.to_thread(path.stat)).st_size
        with child_span("store upload", SpanKind.CLIENT, {"hansard.size_bytes": size_bytes}):
            # given the path, the client buffers five times
            await self.write(key, _blocks(path), at_most_bytes=size_bytes)

    async def _send(self, key: str, content: AsyncIterator[bytes], at_most_bytes: int) -> None:
        size = part_bytes(at_most_bytes)
        try:
            with self._reported():
                await obstore.put_async(self._uploads, key, content, chunk_size=size, max_concurrency=PARTS_AT_ONCE)
        except asyncio.CancelledError:
            # The client ends an upload that fails, but not one that is dropped.
            with suppress(StorageUnavailable, TimeoutError):
                async with asyncio.timeout(_GIVING_UP_WITHIN):
                    await self._abort_uploads_of(key)
            raise

    async def remove_unfinished(self, *, age: float, folders: Iterable[str] = ("",)) -> int:
        """Remove what uploads have left that nobody will finish; returns how many.

        Args:
            age: Seconds since an upload began in a bucket, or since it was last written to in a folder.
            folders: Where to look; everywhere unless somebody else may keep things in the same place.
        """
        removed = 0
        for name in folders:
            if self._folder is not None:
                removed += await asyncio.to_thread(remove_staged_files, self._folder / name, age=age)
            elif isinstance(self._backend, S3Store):
                uploads = UnfinishedUploads(self._backend, self._place)
                removed += await uploads.abort_all(f"{name}/" if name else "", age=age)
        return removed

    async def _abort_uploads_of(self, key: str) -> None:
        if isinstance(self._backend, S3Store):
            await UnfinishedUploads(self._backend, self._place).abort_of(key)

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
        with self._reported():
            try:
                if isinstance(self._backend, MemoryStore):
                    return bytes(obstore.get(self._backend, key).bytes())
                result = await obstore.get_async(self._backend, key)
                return bytes(await result.bytes_async())
            except FileNotFoundError as error:
                _require_bucket(error)
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
        return await self._size(key) is not None

    async def size(self, key: str) -> int:
        """Bytes of an object.

        Raises:
            ObjectMissing: There is none.
        """
        size_bytes = await self._size(key)
        if size_bytes is None:
            raise ObjectMissing(f"object {key} is not in the store")
        return size_bytes

    async def _size(self, key: str) -> int | None:
        with self._reported():
            try:
                return int((await obstore.head_async(self._backend, key))["size"])
            except FileNotFoundError:
                if not isinstance(self._backend, S3Store):
                    return None
            try:
                # Only this answer says whether it is the object that is missing or the bucket.
                return int((await obstore.get_async(self._backend, key)).meta["size"])
            except FileNotFoundError as error:
                _require_bucket(error)
                return None

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Stream an object.

        Raises:
            ObjectMissing: There is none.
        """
        with self._reported():
            try:
                result = await obstore.get_async(self._backend, key)
            except FileNotFoundError as error:
                _require_bucket(error)
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
        with child_span("store download", SpanKind.CLIENT), path.open("wb") as file:
            async for chunk in self.read(key):
                await asyncio.to_thread(file.write, chunk)

    async def list(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`, sorted."""
        folder, _, _ = prefix.rpartition("/")
        with self._reported():
            found = await obstore.list(self._backend, prefix=folder or None).collect_async()
        return sorted(one["path"] for one in found if one["path"].startswith(prefix))

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        with self._reported():
            if isinstance(self._backend, S3Store):
                await obstore.delete_async(self._backend, list(keys))  # a thousand with one request
                return
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

    def _reported(self) -> AbstractContextManager[None]:
        return reported(self._place)


def _require_bucket(error: FileNotFoundError) -> None:
    """Raises the error unless it is the object that is missing."""
    if code_of(str(error)) == "NoSuchBucket":
        raise error


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while block := await asyncio.to_thread(file.read, _READ_BYTES):
            yield block
