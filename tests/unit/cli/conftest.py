"""What the tests of the commands share."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.cli.recorded_gateway import (
    ANNA,
    HEALTH,
    MEETING,
    MEETING_LINE,
    MEETING_RECEIPT,
    RESULTS,
    SPEAKER,
    STATUS,
    Recorded,
)


@pytest.fixture
def gateway() -> Iterator[str]:
    """The address of a gateway that knows one meeting."""
    Recorded.bodies = {}
    Recorded.answers = {
        "/api/meetings/process": (202, {"meeting_id": MEETING, "run_id": "r1"}),
        f"/api/meetings/{MEETING}/status": (200, STATUS),
        f"/api/meetings/{MEETING}/results": (200, RESULTS),
        f"/api/meetings/{MEETING}/results?format=srt": (200, "1\n00:00:01,000 --> 00:00:02,000\n"),
        f"/api/meetings/{MEETING}/cancel": (200, {"meeting_id": MEETING, "run_id": "r1", "status": "cancelled"}),
        f"/api/meetings/{MEETING}": (200, MEETING_RECEIPT),
        "/api/meetings": (200, {"meetings": [MEETING_LINE], "next_cursor": "c2"}),
        "/api/meetings?cursor=c2": (200, {"meetings": [MEETING_LINE | {"title": "Planning"}], "next_cursor": None}),
        "/api/speakers/enroll": (202, {"speaker_id": SPEAKER, "sample_ids": ["s1", "s2"]}),
        f"/api/speakers/{SPEAKER}": (200, ANNA),
        "/api/speakers": (200, {"speakers": [ANNA], "next_cursor": None}),
        "/health": (200, HEALTH),
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "meeting.wav"
    path.write_bytes(b"RIFF" + bytes(100_000))
    return path
