"""A gateway that answers from a table, and what it says about one meeting and one speaker."""

import json
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

from typer.testing import CliRunner, Result

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
            "engine": {"name": "openai", "models": {"minutes": "gpt-4o-mini", "prompts": "1f6c22aa"}},
            "usage": {"calls": 3, "cached_calls": 1, "input_tokens": 38000, "output_tokens": 3200, "cost_usd": 0.00762},
        }
    },
    "engines": {"transcribe": {"name": "pocketsphinx", "models": {"acoustic": "en-us"}}},
    "warnings": [{"code": "language_ignored", "message": "The language was ignored."}],
}
SPEAKER = "a1d1c9a2-8a3f-4a53-b7a4-0c6f1b1f6f0e"
GOOD_SAMPLE = {"sample_id": "s1", "filename": "anna.m4a", "status": "enrolled"}
BAD_SAMPLE = {
    "sample_id": "s2",
    "filename": "silence.wav",
    "status": "failed",
    "error": {"code": "no_speech", "message": "nobody speaks", "stage": "enroll"},
}
ANNA = {"speaker_id": SPEAKER, "name": "Anna", "status": "enrolled", "samples": [GOOD_SAMPLE, BAD_SAMPLE]}
MEETING_LINE = {
    "meeting_id": MEETING,
    "title": None,
    "filename": "weekly.mp4",
    "status": "completed",
    "created_at": "2026-01-05T10:00:00Z",
}
MEETING_RECEIPT = {"meeting_id": MEETING, "runs": 1, "objects": 14, "pending": False}
SPEAKER_RECEIPT = {
    "speaker_id": SPEAKER,
    "samples": 1,
    "voiceprints": 1,
    "embeddings": 2,
    "galleries": 1,
    "objects": 5,
    "pending": True,
}
HEALTH = {
    "status": "ok",
    "release": "0.1.0",
    "dependencies": {"redis": {"status": "up", "latency": 0.0012, "error": None}},
    "stages": {"diarize": {"workers": 2, "engines": ["embedded"], "waiting": 3, "pending": 1, "oldest": 1.5}},
    "problems": [],
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

    def do_PUT(self) -> None:
        self.do_POST()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        status, answer = self.answers.get(self.path, (404, {"code": "not_found", "title": "Not found"}))
        text = answer if isinstance(answer, str | bytes) else json.dumps(answer)
        body = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its parent calls it so
        pass


def run(gateway: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--gateway", gateway])


def interrupted(gateway: str, *arguments: str, waits_after: str = "normalize: completed") -> tuple[str, int]:
    """What a command says on stderr that is stopped with Ctrl-C once it waits, and how it ends."""
    command = [sys.executable, "-m", "cli", *arguments, "--gateway", gateway]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        said = ""
        while waits_after not in said and (line := child.stderr.readline()):
            said += line
        child.send_signal(signal.SIGINT)
        said += child.communicate(timeout=20)[1]
    return said, child.returncode
