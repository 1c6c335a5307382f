"""A command waits for a gateway that has too much to do, as long as that asks for and no longer."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from rich.console import Console

from cli.client import Gateway
from cli.errors import GatewayRefused
from tests.http_servers import serving
from tests.unit.cli.recorded_gateway import MEETING, run


class Busy(BaseHTTPRequestHandler):
    """Refuses some requests before it accepts one."""

    refusals: ClassVar[list[int]] = []
    """Seconds that each asks for."""

    sizes: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        self.sizes.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
        refusal = self.refusals.pop(0) if self.refusals else None
        answer = {"meeting_id": MEETING, "run_id": "r1"}
        problem = {"code": "backlog_full", "title": "Too much waits already", "detail": "1000 units wait"}
        body = json.dumps(answer if refusal is None else problem).encode()
        self.send_response(202 if refusal is None else 429)
        self.send_header("Content-Length", str(len(body)))
        if refusal is not None:
            self.send_header("Retry-After", str(refusal))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent calls it so
        pass


@pytest.fixture
def busy() -> Iterator[str]:
    Busy.sizes = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_refused_recording_is_sent_again_whole(busy: str, recording: Path) -> None:
    Busy.refusals = [0, 1]
    ended = run(busy, "process", str(recording), "--no-wait")
    assert (ended.exit_code, ended.stdout.strip()) == (0, MEETING)
    assert ended.stderr.splitlines() == [
        "Too much waits already: waiting 0 s, then trying again",
        "Too much waits already: waiting 1 s, then trying again",
    ]
    assert len(set(Busy.sizes)) == 1
    assert len(Busy.sizes) == 3
    assert Busy.sizes[0] > recording.stat().st_size


def test_whoever_has_no_time_left_is_told_at_once(busy: str, recording: Path) -> None:
    Busy.refusals = [0]
    with (
        Gateway(busy, Console(quiet=True), until=time.monotonic()) as gateway,
        pytest.raises(GatewayRefused, match="1000 units wait"),
    ):
        gateway.process(recording, {})


def test_nobody_waits_for_hours(busy: str, recording: Path) -> None:
    Busy.refusals = [7200]
    ended = run(busy, "process", str(recording), "--no-wait")
    assert ended.exit_code == 4
    assert "1000 units wait (backlog_full)" in ended.stderr
