"""Receives forms with recordings: the recordings go straight to the object store, the fields are kept."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from fastapi import Request
from starlette.requests import ClientDisconnect

from libs.common.storage import ObjectStore
from services.gateway.errors import EmptyUpload, InvalidRequest, TruncatedUpload, UploadStalled, UploadTooLarge
from services.gateway.intake.digest import Digest
from services.gateway.intake.multipart import Part, form_boundary, read_parts
from services.gateway.schemas.problems import FieldError

RECORDING = "audio"
"""Name of the parts that are recordings; all others are fields."""

_MAX_FIELDS = 64
_MAX_FIELD_BYTES = 64 * 1024
_MAX_FILENAME = 255


@dataclass(frozen=True)
class UploadLimits:
    """What one request may bring."""

    max_bytes: int
    """Of the whole body."""

    max_silence: float = 60.0
    """Seconds without a byte."""


@dataclass(frozen=True)
class Upload:
    """A recording that has been stored."""

    folder: str
    """As given by the caller, with a slash at the end."""

    key: str
    filename: str | None
    size_bytes: int

    sha256: str | None
    """Of the content, if it was asked for."""

    @property
    def digest(self) -> str:
        """`sha256`, of an upload that was received with it."""
        assert self.sha256 is not None
        return self.sha256


@dataclass
class Form:
    """What a request brought."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)


async def receive_form(
    request: Request,
    store: ObjectStore,
    new_folder: Callable[[], Awaitable[str]],
    *,
    limits: UploadLimits,
    max_uploads: int,
    has_digests: bool,
) -> Form:
    """Read a form; each recording is stored under a random key in the folder that `new_folder` names for it.

    `has_digests`: whether to hash the recordings, which costs as much as receiving them.

    Raises:
        UnsupportedMediaType, UploadTooLarge, TruncatedUpload, MalformedUpload, UploadStalled: The body is at fault.
        EmptyUpload, InvalidRequest: A part is.
    """
    boundary = form_boundary(request.headers.get("Content-Type", ""))
    form = Form()
    async for part in read_parts(_body(request, limits), boundary):
        if part.name == RECORDING:
            _check_count(len(form.uploads), max_uploads, RECORDING)
            form.uploads.append(await _store(part, await new_folder(), store, limits, has_digest=has_digests))
        else:
            _check_count(sum(map(len, form.fields.values())), _MAX_FIELDS, part.name)
            form.fields.setdefault(part.name, []).append(await _field(part))
    if not form.uploads:
        raise InvalidRequest.of(FieldError(field=RECORDING, message="is missing"))
    return form


async def _body(request: Request, limits: UploadLimits) -> AsyncIterator[bytes]:
    """The body as it arrives, within its limits."""
    announced = request.headers.get("Content-Length", "")
    _check_size(int(announced) if announced.isdecimal() else 0, limits)
    received = 0
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(limits.max_silence):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise UploadStalled(f"nothing arrived for {limits.max_silence:.0f} s") from error
        except ClientDisconnect as error:
            raise TruncatedUpload("the connection ended in the middle of the upload") from error
        if chunk is None:
            return
        received += len(chunk)
        _check_size(received, limits)
        yield chunk


def _check_size(size_bytes: int, limits: UploadLimits) -> None:
    if size_bytes > limits.max_bytes:
        raise UploadTooLarge(f"a request may have {limits.max_bytes} bytes; this one has more")


def _check_count(present: int, allowed: int, name: str) -> None:
    if present >= allowed:
        raise InvalidRequest.of(FieldError(field=name, message=f"more than {allowed} of these in one request"))


async def _store(part: Part, folder: str, store: ObjectStore, limits: UploadLimits, *, has_digest: bool) -> Upload:
    key = f"{folder}upload-{secrets.token_hex(8)}"
    digest = Digest() if has_digest else None
    size_bytes = 0

    async def measured() -> AsyncIterator[memoryview]:
        nonlocal size_bytes
        async for block in part.content:
            size_bytes += len(block)
            yield block

    content = digest.watch(measured()) if digest else measured()
    await store.write(key, content, at_most_bytes=limits.max_bytes)
    if size_bytes == 0:
        raise EmptyUpload("the recording has no bytes")
    sha256 = digest.hex() if digest else None
    return Upload(folder=folder, key=key, filename=_filename(part), size_bytes=size_bytes, sha256=sha256)


async def _field(part: Part) -> str:
    value = bytearray()
    async for chunk in part.content:
        value += chunk
        if len(value) > _MAX_FIELD_BYTES:
            fault = f"more than {_MAX_FIELD_BYTES} bytes"
            raise InvalidRequest.of(FieldError(field=part.name, message=fault))
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest.of(FieldError(field=part.name, message="is not UTF-8")) from error


def _filename(part: Part) -> str | None:
    """The last part of the client's file name, without what cannot be stored or shown."""
    name = PurePosixPath((part.filename or "").replace("\\", "/")).name
    return "".join(one for one in name if one.isprintable())[:_MAX_FILENAME] or None
