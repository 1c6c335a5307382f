"""What a script gets from the commands: one JSON document each, also from those that fail."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from tests.unit.cli.recorded_gateway import (
    ANNA,
    BAD_SAMPLE,
    MEETING,
    MEETING_LINE,
    RESULTS,
    SPEAKER,
    STATUS,
    Recorded,
    run,
)


def test_json_is_for_scripts(gateway: str) -> None:
    ran = CliRunner().invoke(app, ["status", MEETING, "--json", "--gateway", gateway])
    assert json.loads(ran.stdout)["stages"]["normalize"]["seconds"] == 1.5


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
