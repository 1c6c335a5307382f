"""The line that each request leaves in the log."""

import asyncio
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from services.gateway.gateway import Gateway
from services.gateway.keys.key import prefix
from services.gateway.keys.keyring import Keyring, KeyWish
from tests.integration.services.gateway.meeting_rows import accept_meeting


async def _line(client: httpx.AsyncClient, method: str, path: str) -> EventDict:
    structlog.contextvars.bind_contextvars(meeting_id="of another request", api_key="of another request")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await client.request(method, path, headers={"X-Request-ID": "mine"})
    [line] = [one for one in lines if one["event"] == "request"]
    return line


async def test_a_request_about_a_meeting_has_its_id_in_the_log(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting = await accept_meeting(client, gateway)
    line = await _line(client, "POST", f"/api/meetings/{meeting.meeting_id}/cancel")
    assert (line["meeting_id"], line["request_id"]) == (meeting.meeting_id, "mine")


@pytest.mark.parametrize("what", ["meeting", "speaker"])
async def test_also_one_that_fails(client: httpx.AsyncClient, what: str) -> None:
    wanted = str(uuid.uuid4())
    line = await _line(client, "GET", f"/api/{what}s/{wanted.upper()}")
    assert line[f"{what}_id"] == wanted
    assert line["status"] >= 400


async def test_a_request_about_nobody_names_nobody(client: httpx.AsyncClient) -> None:
    line = await _line(client, "GET", "/api/meetings/nonsense/status")
    assert not {"meeting_id", "run_id", "sample_id", "api_key"} & set(line)


class Noted(logging.Handler):
    """What would stand beside the lines of a library."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, object]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append((record.getMessage(), structlog.contextvars.get_contextvars()))


@contextmanager
def noting() -> Iterator[Noted]:
    """What uvicorn says while the block runs."""
    noted = Noted()
    logging.getLogger("uvicorn.error").addHandler(noted)
    try:
        yield noted
    finally:
        logging.getLogger("uvicorn.error").removeHandler(noted)


async def _say(address: tuple[str, int], *groups: Sequence[str]) -> None:
    """A group at once, the next after an answer, on one connection, which the server closes at last."""
    reader, writer = await asyncio.open_connection(*address)
    async with asyncio.timeout(10):
        for group in groups:
            writer.write("".join(f"{one}\r\n\r\n" for one in group).encode())
            await reader.readuntil(b"\r\n\r\n")
        await reader.read()
    writer.close()


async def test_a_request_that_came_with_another_is_not_blamed_with_its_key_and_its_meeting(
    gateway: Gateway, address: tuple[str, int]
) -> None:
    key = await Keyring(gateway.database).create(KeyWish("first", "default"))
    meeting, speaker = str(uuid.uuid4()), str(uuid.uuid4())
    first = f"Host: localhost\r\nX-Request-ID: first\r\nAuthorization: Bearer {key}"
    second = "Host: localhost\r\nX-Request-ID: second"
    requests = (
        f"GET /api/meetings/{meeting} HTTP/1.1\r\n{first}",
        f"GET /api/speakers/{speaker} HTTP/1.1\r\n{second}",
        f"POST /api/meetings/{meeting}/cancel HTTP/1.1\r\n{first}",
        "no HTTP at all",
    )
    with noting() as noted, capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await _say(address, requests)
    ids = [
        {name: one[name] for name in ("request_id", "api_key", "meeting_id", "speaker_id") if name in one}
        for one in lines
        if one["event"] == "request"
    ]
    of_first = {"request_id": "first", "api_key": prefix(key), "meeting_id": meeting}
    assert ids == [of_first, {"request_id": "second", "speaker_id": speaker}, of_first]
    assert [(text, set(bound) - {"service"}) for text, bound in noted.found] == [
        ("Invalid HTTP request received.", set())
    ]


async def test_what_is_said_after_a_long_upload_is_not_blamed_on_it(address: tuple[str, int]) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n' + "x" * 100_000 + "\r\n--b--"
    head = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(part) + 4}"
    upload = f"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\n{head}", part
    with noting() as noted, capture_logs() as lines:
        await _say(address, upload, ["no HTTP at all"])
    assert [one["status"] for one in lines if one["event"] == "request"] == [202]
    assert [set(bound) - {"service"} for _, bound in noted.found] == [set()]
