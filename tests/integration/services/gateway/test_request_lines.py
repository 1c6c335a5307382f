"""The line that each request leaves in the log."""

import uuid

import httpx
import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from services.gateway.gateway import Gateway
from tests.integration.services.gateway.meeting_rows import accept_meeting


async def _line(client: httpx.AsyncClient, method: str, path: str) -> EventDict:
    structlog.contextvars.clear_contextvars()  # a server answers each request in a context of its own
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
    assert not {"meeting_id", "run_id", "sample_id"} & set(line)
