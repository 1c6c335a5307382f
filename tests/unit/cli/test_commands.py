"""The commands against a gateway of the test's own: what they send, what they show, and how they end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from libs.common.release import RELEASE

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

    def do_DELETE(self) -> None:
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
        f"/api/meetings/{MEETING}/cancel": (200, {"meeting_id": MEETING, "run_id": "r1", "status": "cancelled"}),
        f"/api/meetings/{MEETING}": (200, MEETING_RECEIPT),
        "/api/meetings": (200, {"meetings": [MEETING_LINE], "next_cursor": "c2"}),
        "/api/meetings?cursor=c2": (200, {"meetings": [MEETING_LINE | {"title": "Planning"}], "next_cursor": None}),
        "/api/speakers/enroll": (202, {"speaker_id": SPEAKER}),
        f"/api/speakers/{SPEAKER}": (200, ANNA),
        "/api/speakers": (200, {"speakers": [ANNA], "next_cursor": None}),
        "/health": (200, HEALTH),
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
    assert ran.stderr.strip() == "hansard: min_speakers: is larger than max_speakers (invalid_request)"


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


def run(gateway: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--gateway", gateway])


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("speakers",), {"name": "Anna"}),
        (("meetings",), {"filename": "weekly.mp4"}),
        (("status", MEETING), {"status": "completed"}),
        (("results", MEETING), {"duration": 75.3}),
        (("cancel", MEETING), {"run_id": "r1"}),
        (("delete", MEETING), {"objects": 14}),
        (("health",), {"release": "0.1.0"}),
    ],
)
def test_every_command_prints_one_json_document(
    gateway: str, command: tuple[str, ...], expected: dict[str, object]
) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/results?format=json"] = (200, RESULTS)
    ran = run(gateway, *command, "--json")
    assert ran.exit_code == 0
    document = json.loads(ran.stdout)
    first = document[0] if isinstance(document, list) else document
    assert expected.items() <= first.items()


def test_json_has_all_pages_and_what_this_program_does_not_know(gateway: str) -> None:
    Recorded.answers["/api/meetings"] = (200, {"meetings": [MEETING_LINE | {"new": 7}], "next_cursor": "c2"})
    first, second = json.loads(run(gateway, "meetings", "--json").stdout)
    assert (first["new"], second["title"]) == (7, "Planning")


@pytest.mark.parametrize("command", ["speakers", "meetings"])
def test_an_empty_list_says_what_to_do_and_is_an_empty_list_for_scripts(gateway: str, command: str) -> None:
    Recorded.answers[f"/api/{command}"] = (200, {command: [], "next_cursor": None})
    assert run(gateway, command).stdout.startswith(f"No {command} yet: hansard ")
    assert json.loads(run(gateway, command, "--json").stdout) == []


def test_a_meeting_without_a_title_has_the_name_of_its_file(gateway: str) -> None:
    untitled, titled = run(gateway, "meetings").stdout.splitlines()
    assert untitled.endswith("weekly.mp4")
    assert titled.endswith("Planning")
    untitled_results = {**RESULTS, "title": None, "filename": "weekly.mp4"}
    Recorded.answers[f"/api/meetings/{MEETING}/results"] = (200, untitled_results)
    assert "weekly.mp4  ·  0:01:15" in run(gateway, "results", MEETING).stdout


def test_cancelling_and_deleting_say_what_was_done(gateway: str) -> None:
    assert f"Cancelled meeting {MEETING}" in run(gateway, "cancel", MEETING).stdout
    assert run(gateway, "delete", MEETING).stdout.strip() == f"Deleted meeting {MEETING}: 1 run and 14 objects."


def test_erasing_a_speaker_says_what_was_removed_and_what_is_left(gateway: str) -> None:
    Recorded.answers[f"/api/speakers/{SPEAKER}"] = (200, SPEAKER_RECEIPT)
    said = run(gateway, "delete", SPEAKER, "--speaker").stdout
    assert "1 sample, 1 voiceprint, 2 speaker embeddings from meetings, 5 objects; 1 gallery made again" in said
    assert "it is tried again" in said
    assert json.loads(run(gateway, "delete", SPEAKER, "--speaker", "--json").stdout) == SPEAKER_RECEIPT


def test_clips_are_listed_by_their_files(gateway: str, recording: Path) -> None:
    said = run(gateway, "enroll", "Anna", str(recording)).stdout
    assert "  anna.m4a: enrolled" in said
    assert "  silence.wav: failed, nobody speaks (no_speech)" in said


def test_an_enrolment_that_fails_is_a_document_and_an_exit_code(gateway: str, recording: Path) -> None:
    failed = {**ANNA, "status": "failed", "samples": [BAD_SAMPLE]}
    Recorded.answers[f"/api/speakers/{SPEAKER}"] = (200, failed)
    ran = run(gateway, "enroll", "Anna", str(recording), "--json")
    assert ran.exit_code == 5
    assert json.loads(ran.stdout)["samples"][0]["error"]["code"] == "no_speech"
    assert "silence.wav: nobody speaks (no_speech)" in ran.stderr


def test_a_refusal_and_a_failed_meeting_are_documents_too(gateway: str, recording: Path) -> None:
    assert json.loads(run(gateway, "status", "unknown", "--json").stdout)["code"] == "not_found"
    Recorded.answers[f"/api/meetings/{MEETING}/status"] = (200, {**STATUS, "status": "failed"})
    ran = run(gateway, "process", str(recording), "--json")
    assert (ran.exit_code, json.loads(ran.stdout)["status"]) == (5, "failed")


def test_health_shows_dependencies_and_stages(gateway: str) -> None:
    ran = run(gateway, "health")
    assert ran.exit_code == 0
    rows = [line.split() for line in ran.stdout.splitlines()]
    assert ["redis", "up", "0.001"] in rows
    assert ["diarize", "2", "3", "1", "embedded"] in rows


@pytest.mark.parametrize("as_json", [True, False])
def test_a_degraded_gateway_is_no_success(gateway: str, as_json: bool) -> None:
    Recorded.answers["/health"] = (503, {**HEALTH, "status": "degraded", "problems": ["redis is down: refused"]})
    ran = run(gateway, "health", *(["--json"] if as_json else []))
    assert ran.exit_code == 1
    assert "redis is down: refused" in ran.stderr
    assert ("diarize" in json.loads(ran.stdout)["stages"]) if as_json else ("diarize" in ran.stdout)


@pytest.mark.parametrize("address", ["foo", "127.0.0.1:8000", "ftp://foo", "http://", "http://[::1"])
def test_an_address_that_is_none_is_wrong_usage(address: str) -> None:
    ran = CliRunner().invoke(app, ["speakers"], env={"HANSARD_GATEWAY": address, "COLUMNS": "200"})
    assert ran.exit_code == 2
    assert "HANSARD_GATEWAY" in ran.stderr
    assert address in ran.stderr


def test_the_release_is_printed() -> None:
    ran = CliRunner().invoke(app, ["--version"])
    assert (ran.exit_code, ran.stdout) == (0, f"hansard {RELEASE}\n")


def test_without_a_command_there_is_help_with_the_exit_codes() -> None:
    ran = CliRunner().invoke(app, [])
    assert ran.exit_code == 0
    assert "Exit codes" in ran.stdout
    assert "health" in ran.stdout
