"""Packs a case as a zip that is sent while it is written: one piece of one object in memory at a time."""

import asyncio
import json
import time
import zipfile
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from libs.common.cases.contents import EVENTS, MANIFEST, OBJECTS, keys_in
from libs.common.errors import ObjectMissing
from libs.common.storage import ObjectStore
from services.gateway.runs.cases import CaseContents


async def pack(contents: CaseContents, store: ObjectStore) -> AsyncIterator[bytes]:
    """The bytes of the zip; its manifest comes last and lists the objects that were not there.

    Raises:
        StorageUnavailable: The store does not answer; what was sent so far is no zip.
    """
    archive = _StreamedZip()
    yield await archive.add(EVENTS, "".join(f"{one.model_dump_json()}\n" for one in contents.events).encode())
    known, missing, left_out = set(contents.roots), list[str](), list[str]()
    waiting = deque(sorted(known))
    while waiting:
        key = waiting.popleft()
        try:
            if key not in contents.recordings:
                data = await store.get(key)
                named = set(keys_in(_parsed(data), contents.prefix)) - known
                known |= named
                waiting.extend(sorted(named))
                yield await archive.add(f"{OBJECTS}/{key}", data)
            elif contents.is_recording_wanted:
                async with aclosing(archive.add_streamed(f"{OBJECTS}/{key}", store.read(key))) as pieces:
                    async for piece in pieces:
                        yield piece
            else:
                left_out.append(key)
        except ObjectMissing:
            missing.append(key)
    manifest = contents.manifest.model_copy(update={"missing": tuple(missing), "left_out": tuple(left_out)})
    yield await archive.add(MANIFEST, manifest.model_dump_json(indent=2).encode())
    yield archive.end()


class _StreamedZip:
    """Writes a zip whose bytes are taken away after each step."""

    def __init__(self) -> None:
        self._written = _Written()
        self._zip = zipfile.ZipFile(self._written, "w")

    async def add(self, name: str, data: bytes) -> bytes:
        """Add a small member, compressed."""
        await asyncio.to_thread(self._zip.writestr, _member(name, zipfile.ZIP_DEFLATED), data)
        return self._written.taken()

    async def add_streamed(self, name: str, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Add a member of any size as it is; raises what reading its first chunk raises before anything is added."""
        first = await anext(chunks, b"")
        with self._zip.open(_member(name, zipfile.ZIP_STORED), "w", force_zip64=True) as member:
            member.write(first)
            async for chunk in chunks:
                yield self._written.taken()
                member.write(chunk)
        yield self._written.taken()

    def end(self) -> bytes:
        """What belongs behind the last member."""
        self._zip.close()
        return self._written.taken()


class _Written:
    """A file that cannot seek, as far as `zipfile` needs one."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes, /) -> int:
        self._data += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        data, self._data = bytes(self._data), bytearray()
        return data


def _member(name: str, compression: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, time.gmtime()[:6])
    member.compress_type = compression
    return member


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None
