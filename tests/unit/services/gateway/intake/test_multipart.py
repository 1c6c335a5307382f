"""The form parser, whatever way the bytes are cut."""

from collections.abc import AsyncIterator

import pytest

from services.gateway.errors import MalformedUpload, TruncatedUpload, UnsupportedMediaType
from services.gateway.intake.multipart import form_boundary, read_parts

BODY = (
    b'--boundary\r\nContent-Disposition: form-data; name="title"\r\n\r\nWeekly\r\n'
    b'--boundary\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    b"\r\n--bo, almost the boundary\r\n-\r\n"
    b'\r\n--boundary\r\ncontent-disposition: form-data; name="empty"\r\n\r\n\r\n--boundary--\r\n'
)


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def parse(body: bytes, size: int) -> list[tuple[str, str | None, bytes]]:
    return [
        (part.name, part.filename, b"".join([chunk async for chunk in part.content]))
        async for part in read_parts(pieces(body, size), b"boundary")
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
async def test_parts_do_not_depend_on_how_the_body_is_cut(size: int) -> None:
    assert await parse(BODY, size) == [
        ("title", None, b"Weekly"),
        ("audio", "a.wav", b"\r\n--bo, almost the boundary\r\n-\r\n"),
        ("empty", None, b""),
    ]


async def test_every_shorter_body_is_truncated() -> None:
    whole = len(BODY) - len(b"--\r\n")
    for length in range(1, whole):
        with pytest.raises(TruncatedUpload):
            await parse(BODY[:length], 64)


async def test_unread_content_is_passed_over() -> None:
    names = [part.name async for part in read_parts(pieces(BODY, 5), b"boundary")]
    assert names == ["title", "audio", "empty"]


@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b"--other\r\n\r\n",
        b"--boundary\r\nContent-Disposition: form-data\r\n\r\nx\r\n--boundary--",
        b"--boundary\r\n\r\nx\r\n--boundary--",
    ],
)
async def test_what_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedUpload):
        await parse(body, 64)


def test_only_forms_with_a_boundary_are_taken() -> None:
    assert form_boundary('Multipart/Form-Data; charset=utf-8; boundary="a b"') == b"a b"
    for other in ("", "multipart/mixed; boundary=b", "multipart/form-data", "text/plain"):
        with pytest.raises(UnsupportedMediaType):
            form_boundary(other)


@pytest.mark.parametrize("boundary", [b"b" * 1000, b"a\rb"])
async def test_a_boundary_that_no_form_may_have_is_malformed(boundary: bytes) -> None:
    with pytest.raises(MalformedUpload):
        await anext(read_parts(pieces(BODY, 64), boundary))
