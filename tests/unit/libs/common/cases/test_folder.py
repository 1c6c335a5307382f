"""Cases in folders: reading what was exported, also by earlier releases."""

from pathlib import Path

import pytest

from libs.common.cases.contents import RecordedEvent, keys_in, subject_prefix
from libs.common.cases.folder import Case, UnreadableCase
from libs.common.outcome import outcome_key
from tests.unit.libs.common.cases.recorded_unit import (
    ACCEPTED,
    EVENT,
    FOLDER,
    REPORT,
    RUN,
    UNIT,
    fact,
    normalized,
    outcome,
    put,
    write_case,
)

GOLDEN = Path(__file__).parents[4] / "golden" / "cases"


@pytest.mark.parametrize("folder", sorted(GOLDEN.iterdir()), ids=lambda folder: folder.name)
def test_a_case_of_every_version_is_read(folder: Path) -> None:
    case = Case(folder)
    [recorded] = case.units()
    assert (recorded.event.name, recorded.unit) == (EVENT, UNIT)
    found = case.outcome(recorded)
    assert found is not None
    assert [one.stream for one in found.published] == ["stage.failed.v1"]
    assert (case.manifest.runs[0].run_id, case.manifest.release) == (RUN, "0.1.0")


def test_a_folder_that_is_no_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCase):
        Case(tmp_path)


def test_a_case_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    manifest = write_case(tmp_path / "case", None) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version":1', '"version":2'))
    with pytest.raises(UnreadableCase):
        Case(tmp_path / "case")


def test_an_event_that_is_not_in_the_case_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCase, match=f"no event {RUN}/match#0"):
        Case(write_case(tmp_path / "case", None)).unit_of(f"{RUN}/match#0")


def test_an_event_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    damaged: RecordedEvent = fact(normalized("k"), "normalize_sample").model_copy(update={"body": {"duration": "long"}})
    case = Case(write_case(tmp_path / "case", None, damaged))
    assert [one.unit for one in case.units()] == [UNIT]
    with pytest.raises(UnreadableCase, match="cannot read"):
        case.unit_of(damaged.name)


def test_the_outcome_of_a_unit_is_its_object_or_else_its_events(tmp_path: Path) -> None:
    events = [fact(normalized("from events"), "normalize_sample")]
    without = Case(write_case(tmp_path / "without", None, *events))
    with_object = Case(write_case(tmp_path / "with", outcome(normalized("from object")), *events))
    for case, key in ((without, "from events"), (with_object, "from object")):
        found = case.outcome(case.unit_of(EVENT))
        assert found is not None
        assert (found.status, found.report) == ("finished", REPORT)
        assert found.published[0].body["recording_key"] == key


def test_an_outcome_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    case = Case(write_case(tmp_path / "case", None))
    put(tmp_path / "case", outcome_key(FOLDER, UNIT), '{"version": 2}')
    with pytest.raises(UnreadableCase, match=f"outcome of {UNIT.id}"):
        case.outcome(case.unit_of(EVENT))


def test_keys_are_found_wherever_a_value_names_them() -> None:
    prefix = subject_prefix(ACCEPTED.folder)
    value = {"a": [{"b": f"{prefix}x"}, "samples/other/y"], "c": f"{prefix}z", "d": 1, "e": None}
    assert list(keys_in(value, prefix)) == [f"{prefix}x", f"{prefix}z"]


@pytest.mark.parametrize("end", ["../other/x", "./x", "a//b", "and so on\n", "", "\ud800", "x" * 300, "a/.."])
def test_what_a_client_wrote_is_no_key_although_it_begins_like_one(end: str) -> None:
    prefix = subject_prefix(ACCEPTED.folder)
    assert list(keys_in([f"{prefix}{end}"], prefix)) == []
