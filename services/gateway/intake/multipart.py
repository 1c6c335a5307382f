"""Reads multipart/form-data part by part while it arrives: nothing of it is kept in memory or on disk."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.gateway.errors import MalformedUpload, TruncatedUpload, UnsupportedMediaType

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # exists for type checkers only

_Mark = Literal["part ended"]


@dataclass(frozen=True)
class _PartHeaders:
    name: str
    filename: str | None


@dataclass(frozen=True)
class Part:
    """One part of a form; its content can be read once, before the next part is asked for."""

    name: str
    filename: str | None
    content: AsyncIterator[memoryview]


def form_boundary(content_type: str) -> bytes:
    """The boundary that a Content-Type header names.

    Raises:
        UnsupportedMediaType: It is not multipart/form-data, or names none.
    """
    media_type, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        found = content_type or "no content type"
        raise UnsupportedMediaType(f"send multipart/form-data with a boundary; this was {found}")
    return boundary


async def read_parts(body: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[Part]:
    """All parts of a form in their order. Content that the caller leaves unread is passed over.

    Raises:
        MalformedUpload: The body is not multipart.
        TruncatedUpload: It ends before its closing boundary.
    """
    said = _parsed(body, boundary)
    async for one in said:
        if isinstance(one, _PartHeaders):
            yield Part(one.name, one.filename, _content(said))


async def _content(said: AsyncIterator[_PartHeaders | memoryview | _Mark]) -> AsyncIterator[memoryview]:
    async for one in said:
        if one == "part ended":
            return
        assert isinstance(one, memoryview)
        yield one


async def _parsed(body: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[_PartHeaders | memoryview | _Mark]:
    parser = _Parser(boundary)
    async for chunk in body:
        parser.feed(chunk)
        while parser.said:
            yield parser.said.popleft()
    if not parser.has_ended:
        raise TruncatedUpload("the upload ended before its closing boundary")


class _Parser:
    """Turns the callbacks of the push parser into a queue, emptied after every piece of the body."""

    def __init__(self, boundary: bytes) -> None:
        self.said: deque[_PartHeaders | memoryview | _Mark] = deque()
        self.has_ended = False
        self._name = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise MalformedUpload(f"the boundary cannot be used: {error}") from error

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise MalformedUpload(f"the body is not valid multipart/form-data: {error}") from error

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": _append_to(self._name),
            "on_header_value": _append_to(self._value),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": lambda data, start, end: self.said.append(memoryview(data)[start:end]),
            "on_part_end": lambda: self.said.append("part ended"),
            "on_end": self._end,
        }

    def _end_header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _begin_part(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise MalformedUpload("a part has no name")
        filename = options.get(b"filename")
        self.said.append(_PartHeaders(_text(options[b"name"]), None if filename is None else _text(filename)))

    def _end(self) -> None:
        self.has_ended = True


def _append_to(buffer: bytearray) -> Callable[[bytes, int, int], None]:
    return lambda data, start, end: buffer.extend(data[start:end])


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")
