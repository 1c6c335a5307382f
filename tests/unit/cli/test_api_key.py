"""Every command sends the API key of the environment, and says what to do about one that is refused."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.cli.recorded_gateway import HEALTH, MEETING, MEETING_RECEIPT, STATUS, Recorded, run

KEY = "hsk_" + "kB3" * 14 + "_"


class Closed(Recorded):
    """A gateway that asks for a key."""

    def _answer(self) -> None:
        if self.headers["Authorization"] == f"Bearer {KEY}":
            super()._answer()
            return
        body = b'{"code": "unauthorized", "title": "This needs an API key", "detail": "send a key"}'
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def closed() -> Iterator[str]:
    Recorded.bodies = {}
    Recorded.answers = {
        "/api/meetings/process": (202, {"meeting_id": MEETING, "run_id": "r1"}),
        f"/api/meetings/{MEETING}/status": (200, STATUS),
        f"/api/meetings/{MEETING}": (200, MEETING_RECEIPT),
        "/api/meetings": (200, {"meetings": [], "next_cursor": None}),
        "/health": (200, HEALTH),
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Closed) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


COMMANDS = [
    ["meetings"],
    ["status", MEETING],
    ["delete", MEETING],
    ["health"],
    ["process", "RECORDING", "--no-wait"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_sends_the_key(
    closed: str, recording: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("HANSARD_API_KEY", KEY)
    asked = [str(recording) if one == "RECORDING" else one for one in command]
    ended = run(closed, *asked)
    assert ended.exit_code == 0, ended.output
    assert KEY not in ended.output


@pytest.mark.parametrize("key", [None, KEY[:-1] + "x"])
@pytest.mark.parametrize("command", ["meetings", "tail"])
def test_a_key_that_is_refused_is_not_shown_but_what_to_do(
    closed: str, monkeypatch: pytest.MonkeyPatch, key: str | None, command: str
) -> None:
    monkeypatch.delenv("HANSARD_API_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("HANSARD_API_KEY", key)
    ended = run(closed, command)
    assert ended.exit_code == 4
    assert "HANSARD_API_KEY" in ended.output
    assert "keys create" in ended.output
    assert KEY[:-1] not in ended.output


@pytest.mark.parametrize("key", ["two words", "a\nb", "schlüssel"])
def test_what_cannot_be_a_key_is_not_sent_and_not_shown(closed: str, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("HANSARD_API_KEY", key)
    ended = run(closed, "meetings")
    assert ended.exit_code == 1
    assert "HANSARD_API_KEY" in ended.output
    assert key not in ended.output
