"""The commands against a gateway of the test's own: what they send, what they show, and how they end."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from libs.common.release import RELEASE
from tests.unit.cli.recorded_gateway import (
    HEALTH,
    MEETING,
    RESULTS,
    SPEAKER,
    SPEAKER_RECEIPT,
    STATUS,
    Recorded,
    interrupted,
    run,
)


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
    assert "minutes by gpt-4o-mini: 3 calls (1 cached), 41,200 tokens, $0.008" in ran.stdout
    assert "warning: The language was ignored. (language_ignored)" in ran.stdout


def test_results_come_in_the_format_that_was_asked_for(gateway: str) -> None:
    ran = CliRunner().invoke(app, ["results", MEETING, "--format", "srt", "--gateway", gateway])
    assert ran.stdout == "1\n00:00:01,000 --> 00:00:02,000\n\n"


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
    assert f"hansard: meeting {MEETING} failed: the file has no audio (no_audio_stream)" in ran.stderr


def test_results_of_a_failed_meeting_say_its_reason_once(gateway: str) -> None:
    error = {"code": "no_speech", "message": "nobody speaks", "stage": "assemble"}
    problem = {"code": "meeting_failed", "title": "Failed", "detail": "nobody speaks", "error": error}
    Recorded.answers[f"/api/meetings/{MEETING}/results"] = (409, problem)
    assert run(gateway, "results", MEETING).stderr == "hansard: assemble: nobody speaks (meeting_failed)\n"


def test_waiting_names_the_meeting_that_was_accepted(gateway: str, recording: Path) -> None:
    ran = run(gateway, "process", str(recording))
    assert ran.stderr.splitlines()[0] == f"Meeting {MEETING}: accepted."
    assert MEETING not in ran.stdout


def test_whoever_stops_waiting_is_told_how_to_come_back(gateway: str, recording: Path) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/status"] = (200, {**STATUS, "status": "processing"})
    said, code = interrupted(gateway, "process", str(recording))
    assert code == 130
    returning = f"hansard status {MEETING} --follow (hansard cancel {MEETING} stops it)"
    assert said.splitlines()[-1] == f"hansard: the meeting goes on: {returning}"


def test_a_gateway_that_is_not_there_is_named() -> None:
    ran = CliRunner().invoke(app, ["status", MEETING, "--gateway", "http://127.0.0.1:9"])
    assert ran.exit_code == 3
    assert "no gateway answers at http://127.0.0.1:9" in ran.stderr
    assert "or say where it is: --gateway URL or HANSARD_GATEWAY" in ran.stderr


def test_somebody_who_is_no_gateway_is_told_apart(gateway: str) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/status"] = (200, "<html>")
    ran = CliRunner().invoke(app, ["status", MEETING, "--gateway", gateway])
    assert ran.exit_code == 3
    assert "does not answer as a Hansard gateway does" in ran.stderr


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


def test_clips_that_all_fail_are_no_success_whatever_the_speaker_had(gateway: str, recording: Path) -> None:
    Recorded.answers["/api/speakers/enroll"] = (202, {"speaker_id": SPEAKER, "sample_ids": ["s2"]})
    ran = run(gateway, "enroll", "Anna", str(recording))
    assert ran.exit_code == 5
    assert ran.stderr == "hansard: no clip was added to those of Anna: silence.wav: nobody speaks (no_speech)\n"


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
