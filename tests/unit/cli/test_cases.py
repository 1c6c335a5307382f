"""Cases at a terminal: fetching them, and saying which unit of one is meant."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.case_choice import chosen
from cli.case_work import check_packages, exit_status, unpacked
from cli.errors import CommandFailed, UnitNotNamed
from libs.common.cases.contents import RecordedEvent
from libs.common.cases.folder import Case
from libs.common.events import StageFailed
from libs.common.outcome import outcome_key
from tests.unit.cli.recorded_gateway import MEETING, Recorded, run
from tests.unit.libs.common.cases.recorded_unit import (
    ACCEPTED,
    EVENT,
    FOLDER,
    RUN,
    UNIT,
    fact,
    normalized,
    put,
    write_case,
)

EXPORT = f"/api/meetings/{MEETING}/export?voices=false&recording=true"


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as members:
        for path in folder.rglob("*"):
            members.write(path, str(path.relative_to(folder)))
    return buffer.getvalue()


@pytest.fixture
def case(tmp_path: Path) -> bytes:
    """A clip that was normalized and gave no voice."""
    failed = StageFailed(
        workspace="default", run_id=RUN, sample_id="clip", stage="enroll", unit_part="",
        code="no_speech", message="nobody speaks", attempts=3,
    )  # fmt: skip
    events: list[RecordedEvent] = [fact(normalized("k"), "normalize_sample"), fact(failed, "enroll")]
    return packed(write_case(tmp_path / "recorded", None, *events))


@pytest.fixture
def opened(case: bytes, tmp_path: Path) -> Case:
    file = tmp_path / "case.zip"
    file.write_bytes(case)
    return unpacked(file, tmp_path / "case")


def test_an_exported_meeting_is_a_file_and_says_what_is_not_in_it(gateway: str, case: bytes, tmp_path: Path) -> None:
    Recorded.answers[EXPORT] = (200, case)
    target = tmp_path / "weekly.zip"
    ran = run(gateway, "export", MEETING, "-o", str(target))
    assert ran.exit_code == 0, ran.output
    assert target.read_bytes() == case
    assert "3 events" in ran.stdout
    assert "--with-voices" in ran.stdout
    assert [one.name for one in tmp_path.glob(".*")] == []


def test_json_names_the_file_and_its_contents(gateway: str, case: bytes, tmp_path: Path) -> None:
    Recorded.answers[EXPORT.replace("voices=false", "voices=true").replace("recording=true", "recording=false")] = (
        200,
        case,
    )
    target = tmp_path / "weekly.zip"
    ran = run(gateway, "export", MEETING, "-o", str(target), "--with-voices", "--without-recording", "--json")
    written = json.loads(ran.stdout)
    assert (written["path"], written["num_events"], written["run_ids"]) == (str(target), 3, [RUN])


def test_a_meeting_that_is_not_there_leaves_no_file(gateway: str, tmp_path: Path) -> None:
    ran = run(gateway, "export", "unknown", "-o", str(tmp_path / "weekly.zip"))
    assert ran.exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_only_in_part_is_no_file(gateway: str, case: bytes, tmp_path: Path) -> None:
    Recorded.answers[EXPORT] = (200, case[:-30])
    ran = run(gateway, "export", MEETING, "-o", str(tmp_path / "weekly.zip"))
    assert ran.exit_code == 3
    assert "not all of it" in ran.stderr
    assert list(tmp_path.glob("*.zip")) == []


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("none/weekly.zip", "none does not exist"),
        ("notes/weekly.zip", "notes is no folder"),
        ("here", "here is a folder"),
    ],
)
def test_where_no_file_can_be_written_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, fault: str
) -> None:
    (tmp_path / "notes").write_text("")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["export", MEETING, "-o", output, "--gateway", "http://127.0.0.1:1"])
    assert ran.exit_code == 2
    assert fault in ran.stderr


@pytest.mark.parametrize(("file", "fault"), [("none.zip", "none.zip does not exist"), (".", ". is no file")])
def test_a_file_that_is_not_there_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["replay", "--local", file])
    assert ran.exit_code == 2
    assert fault in ran.stderr


def test_the_unit_that_was_given_up_is_meant_unless_another_is_named(opened: Case) -> None:
    assert chosen(opened, None, None).unit.stage == "enroll"
    assert chosen(opened, "normalize_sample", None).event.name == EVENT


@pytest.mark.parametrize("event", [EVENT, f"{RUN[:6]}/accept#0", "accept#0"])
def test_an_event_is_named_in_full_or_by_the_beginning_of_its_run(opened: Case, event: str) -> None:
    assert chosen(opened, "normalize_sample", event).event.body == ACCEPTED.model_dump(mode="json")


@pytest.mark.parametrize(("stage", "event"), [("match", None), (None, "enroll#0")])
def test_what_names_no_unit_is_answered_with_those_there_are(
    opened: Case, stage: str | None, event: str | None
) -> None:
    with pytest.raises(CommandFailed, match=r"normalize_sample .*/accept#0|no stage consumes"):
        chosen(opened, stage, event)


def test_an_event_that_is_not_there_is_answered_with_those_of_the_stage(opened: Case) -> None:
    with pytest.raises(UnitNotNamed) as refused:
        chosen(opened, "normalize_sample", "cc869")
    assert refused.value.message == f"the file has no event cc869 for normalize_sample; there are: {EVENT}"


def test_of_many_events_ten_are_listed(tmp_path: Path) -> None:
    many = [
        fact(ACCEPTED.model_copy(update={"run_id": f"run{number}"}), "accept").model_copy(
            update={"publisher": UNIT.model_copy(update={"run_id": f"run{number}", "stage": "accept"})}
        )
        for number in range(12)
    ]
    case = Case(write_case(tmp_path / "case", None, *many))
    with pytest.raises(UnitNotNamed, match=r"run8/accept#0 and 3 more$"):
        chosen(case, "normalize_sample", "cc869")


def test_an_event_for_another_stage_names_that_stage(opened: Case) -> None:
    with pytest.raises(UnitNotNamed, match=r"^that event asks for normalize_sample, not for enroll$"):
        chosen(opened, "enroll", "accept#0")


@pytest.mark.parametrize("event", ["f0948fba", "f0948fba/diarize", "diarize#0"])
def test_what_is_no_event_is_not_fetched(event: str) -> None:
    ran = CliRunner().invoke(app, ["replay", "--local", "diarize", event])
    assert ran.exit_code == 2
    assert "EVENT is RUN/STAGE#POSITION, as `hansard events` prints it" in ran.stderr


def test_a_file_that_is_no_case_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.zip"
    file.write_text("nothing")
    ran = CliRunner().invoke(app, ["replay", "--local", str(file)])
    assert ran.exit_code == 1
    assert "is no file that `hansard export` wrote" in ran.stderr


def encrypted(data: bytearray) -> None:
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1


def of_another_method(data: bytearray) -> None:
    data[8] = data[data.find(b"PK\x01\x02") + 10] = 99


def broken(data: bytearray) -> None:
    data[45:60] = bytes(one ^ 0xFF for one in data[45:60])


@pytest.mark.parametrize("change", [encrypted, of_another_method, broken])
def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path: Path, change: Callable[[bytearray], None]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("manifest.json", "{}" * 1000)
    data = bytearray(buffer.getvalue())
    change(data)
    (tmp_path / "case.zip").write_bytes(data)
    with pytest.raises(CommandFailed, match="is no file that"):
        unpacked(tmp_path / "case.zip", tmp_path / "case")


def test_a_small_file_does_not_fill_the_disk(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "case.zip", "w", zipfile.ZIP_DEFLATED) as members:
        for number in range(9):
            members.writestr(f"objects/{number}", bytes(10_000_000))
    with pytest.raises(CommandFailed, match="90 MB"):
        unpacked(tmp_path / "case.zip", tmp_path / "case")
    assert not (tmp_path / "case").exists()


def test_a_case_with_an_outcome_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "recorded", None)
    put(folder, outcome_key(FOLDER, UNIT), '{"version": 2}')
    (tmp_path / "case.zip").write_bytes(packed(folder))
    ran = CliRunner().invoke(app, ["replay", "--local", str(tmp_path / "case.zip")])
    assert (ran.exit_code, type(ran.exception)) == (1, SystemExit)
    assert "cannot read the outcome" in ran.stderr


def test_local_takes_a_stage_that_there_is() -> None:
    ran = CliRunner().invoke(app, ["replay", "--local", "mach", "b6a1/diarize#0"])
    assert ran.exit_code == 2
    assert "assemble, diarize" in ran.stderr


@pytest.mark.parametrize("options", [["x", "--pdb"], ["--local", "match", "b6a1/diarize#0", "--from", "match"]])
def test_options_that_would_not_be_honoured_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(app, ["replay", *options]).exit_code == 2


def test_packages_that_are_missing_are_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("pydantic==2.0\nno-such-package==1.0\n")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# for this unit\n-r more.txt\npytest==9.0\n")
    with pytest.raises(CommandFailed, match=rf"not installed \(no-such-package\): .* -r {requirements}"):
        check_packages(requirements)


def test_a_unit_that_kills_its_process_is_said_to(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pytest==9.0\n")
    assert [exit_status(status, requirements) for status in (0, 6, 78, 130)] == [0, 6, 1, 130]
    with pytest.raises(CommandFailed, match="SIGSEGV"):
        exit_status(-11, requirements)
