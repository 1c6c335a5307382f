"""The commands against a gateway of the test's own: what they send, what they show, and how they end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from typer.testing import CliRunner

from cli.app import app

MEETING = "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"
STATUS = {
    "meeting_id": MEETING,
    "status": "completed",
    "stages": {"normalize": {"status": "completed", "seconds": 1.5, "started_at": "2026-01-05T10:00:00Z"}},
}
RESULTS = {
    "meeting_id": MEETING,
    "title": "Planning",
    "duration": 75.3,
    "speakers": [{"label": "SPEAKER_00", "name": "Anna"}, {"label": "SPEAKER_01", "name": None}],
    "utterances": [
        {"id": "u0001", "start": 1.0, "end": 2.0, "label": "SPEAKER_00", "name": "Anna", "text": "We ship on Friday."},
        {"id": "u0002", "start": 70.0, "end": 72.0, "label": "SPEAKER_01", "name": None, "text": "[fine] by me"},
    ],
    "minutes": {
        "executive": {
            "title": "For the executive",
            "summary": "The release ships.",
            "decisions": [{"text": "Ship on Friday.", "evidence": ["u0001"]}],
            "action_items": [{"task": "Tell the team", "assignee": "Anna", "due": "2026-01-09", "evidence": ["u0002"]}],
        }
    },
    "engines": {"transcribe": {"name": "pocketsphinx", "models": {"acoustic": "en-us"}}},
    "warnings": [{"code": "language_ignored", "message": "The language was ignored."}],
}


class Recorded(BaseHTTPRequestHandler):
    """Answers from a table and keeps what it was sent."""

    answers: ClassVar[dict[str, tuple[int, object]]] = {}
    bodies: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.bodies[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def _answer(self) -> None:
        status, answer = self.answers.get(self.path, (404, {"code": "not_found", "title": "Not found"}))
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent calls it so
        pass


@pytest.fixture
def gateway() -> Iterator[str]:
    """The address of a gateway that knows one meeting."""
    Recorded.bodies = {}
    Recorded.answers = {
        "/api/meetings/process": (202, {"meeting_id": MEETING, "run_id": "r1"}),
        f"/api/meetings/{MEETING}/status": (200, STATUS),
        f"/api/meetings/{MEETING}/results": (200, RESULTS),
        f"/api/meetings/{MEETING}/results?format=srt": (200, "1\n00:00:01,000 --> 00:00:02,000\n"),
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "meeting.wav"
    path.write_bytes(b"RIFF" + bytes(100_000))
    return path


def test_a_recording_is_sent_with_its_options(gateway: str, recording: Path) -> None:
    options = ["--title", "Planning", "--num-speakers", "2", "--persona", "executive", "--persona", "engineer"]
    ran = CliRunner().invoke(app, ["process", str(recording), *options, "--no-wait", "--gateway", gateway])
    assert (ran.exit_code, ran.stdout.strip()) == (0, MEETING)
    body = Recorded.bodies["/api/meetings/process"]
    assert b'name="audio"; filename="meeting.wav"' in body
    assert recording.read_bytes() in body
    assert b'name="title"\r\n\r\nPlanning\r\n' in body
    assert b'name="num_speakers"\r\n\r\n2\r\n' in body
    assert body.count(b'name="personas"') == 2
    assert b"min_speakers" not in body


def test_waiting_ends_with_names_minutes_and_sources(gateway: str, recording: Path) -> None:
    ran = CliRunner().invoke(app, ["process", str(recording), "--gateway", gateway])
    assert ran.exit_code == 0
    for shown in ("Anna: We ship on Friday.", "SPEAKER_01: [fine] by me", "Ship on Friday. [0:00:01]"):
        assert shown in ran.stdout
    assert "Tell the team (Anna, by Fri 09 Jan 2026) [0:01:10]" in ran.stdout
    assert "transcribe: pocketsphinx (acoustic en-us)" in ran.stdout
    assert "warning: The language was ignored. (language_ignored)" in ran.stdout


def test_results_come_in_the_format_that_was_asked_for(gateway: str) -> None:
    ran = CliRunner().invoke(app, ["results", MEETING, "--format", "srt", "--gateway", gateway])
    assert ran.stdout == "1\n00:00:01,000 --> 00:00:02,000\n\n"


def test_json_is_for_scripts(gateway: str) -> None:
    ran = CliRunner().invoke(app, ["status", MEETING, "--json", "--gateway", gateway])
    assert json.loads(ran.stdout)["stages"]["normalize"]["seconds"] == 1.5


def test_a_problem_is_a_clear_line_and_an_exit_code(gateway: str, recording: Path) -> None:
    fault = {"field": "min_speakers", "message": "is larger than max_speakers"}
    problem = {"code": "invalid_request", "title": "Wrong", "detail": "some fields are wrong", "errors": [fault]}
    Recorded.answers["/api/meetings/process"] = (422, problem)
    ran = CliRunner().invoke(app, ["process", str(recording), "--gateway", gateway])
    assert ran.exit_code == 4
    expected = "hansard: some fields are wrong; min_speakers: is larger than max_speakers (invalid_request)"
    assert ran.stderr.strip() == expected


def test_a_failed_meeting_is_not_a_success(gateway: str) -> None:
    error = {"code": "no_audio_stream", "message": "the file has no audio", "stage": "normalize"}
    Recorded.answers[f"/api/meetings/{MEETING}/status"] = (200, {**STATUS, "status": "failed", "error": error})
    ran = CliRunner().invoke(app, ["status", MEETING, "--follow", "--gateway", gateway])
    assert ran.exit_code == 5
    assert "the meeting is failed: the file has no audio (no_audio_stream)" in ran.stderr


def test_a_gateway_that_is_not_there_is_named() -> None:
    ran = CliRunner().invoke(app, ["status", MEETING, "--gateway", "http://127.0.0.1:9"])
    assert ran.exit_code == 3
    assert "no gateway answers at http://127.0.0.1:9" in ran.stderr


def test_somebody_who_is_no_gateway_is_told_apart(gateway: str) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/status"] = (200, "<html>")
    ran = CliRunner().invoke(app, ["status", MEETING, "--gateway", gateway])
    assert ran.exit_code == 3
    assert "does not answer as a Hansard gateway does" in ran.stderr
