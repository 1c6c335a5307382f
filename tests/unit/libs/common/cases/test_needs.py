"""Units that their case cannot be enough for."""

from pathlib import Path

import pytest

from libs.common.cases.contents import MANIFEST
from libs.common.cases.folder import Case, RecordedUnit, UnreadableCase
from libs.common.cases.needs import check_contents
from libs.common.speakers import Gallery
from tests.unit.libs.common.cases.recorded_meeting import AUDIO, MODEL, matched, write_meeting

EMPTY = Gallery(workspace="default", model=MODEL, voiceprints=())


def unit_of(case: Case, stage: str) -> RecordedUnit:
    return next(one for one in case.units() if one.unit.stage == stage)


def without_recording(folder: Path) -> Case:
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text().replace('"left_out":[]', f'"left_out":["{AUDIO}"]'))
    return Case(folder)


def test_what_listens_is_refused_without_the_recording(tmp_path: Path) -> None:
    case = without_recording(write_meeting(tmp_path / "case", matched(tmp_path / "case", None)))
    with pytest.raises(UnreadableCase, match="without its recording, which diarize needs: export it again without --"):
        check_contents(case, unit_of(case, "diarize"))


def test_what_never_listens_needs_no_recording(tmp_path: Path) -> None:
    case = without_recording(write_meeting(tmp_path / "case", matched(tmp_path / "case", None)))
    check_contents(case, unit_of(case, "match"))


def test_names_that_rest_on_voiceprints_are_not_matched_without_them(tmp_path: Path) -> None:
    case = Case(write_meeting(tmp_path / "case", matched(tmp_path / "case", "d1ge57")))
    with pytest.raises(UnreadableCase, match="which match needs: export it again with --with-voices"):
        check_contents(case, unit_of(case, "match"))


@pytest.mark.parametrize("digest", [None, EMPTY.digest])
def test_where_nobody_was_enrolled_no_voiceprints_are_needed(tmp_path: Path, digest: str | None) -> None:
    case = Case(write_meeting(tmp_path / "case", matched(tmp_path / "case", digest)))
    check_contents(case, unit_of(case, "match"))


def test_a_unit_without_an_outcome_is_not_refused_for_voiceprints(tmp_path: Path) -> None:
    case = Case(write_meeting(tmp_path / "case"))
    check_contents(case, unit_of(case, "match"))


def test_a_case_with_voices_may_have_another_gallery(tmp_path: Path) -> None:
    folder = write_meeting(tmp_path / "case", matched(tmp_path / "case", "d1ge57"))
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text().replace('"has_voices":false', '"has_voices":true'))
    case = Case(folder)
    check_contents(case, unit_of(case, "match"))
