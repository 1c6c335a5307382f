"""Galleries that decisions rest on."""

from pathlib import Path

from libs.common.cases.folder import Case
from libs.common.cases.galleries import gallery_notes
from libs.common.outcome import Outcome, PublishedEvent
from libs.common.speakers import Gallery, Voiceprint, gallery_key
from tests.unit.libs.common.cases.recorded_meeting import MODEL, diarized, matched, write_meeting
from tests.unit.libs.common.cases.recorded_unit import REPORT, RUN, UNIT, put

ANA = Voiceprint(sample_id="clip", speaker_id="ana", name="Ana", vector=(1.0, 0.0))
GALLERY = Gallery(workspace="default", model=MODEL, voiceprints=(ANA, ANA))


def notes(folder: Path, recorded: str | None, replayed: str | None) -> list[str]:
    case = Case(write_meeting(folder))
    put(folder, gallery_key("default", MODEL), GALLERY.model_dump_json())
    old, new = (
        Outcome(
            unit=UNIT.model_copy(update={"run_id": RUN, "stage": "match"}),
            status="finished",
            published=(PublishedEvent.of(matched(folder, digest, attempt=attempt)),),
            report=REPORT,
            input=PublishedEvent.of(diarized()),
        )
        for attempt, digest in enumerate((recorded, replayed))
    )
    return list(gallery_notes(case, old, new))


def test_another_gallery_is_noted_with_its_size(tmp_path: Path) -> None:
    [note] = notes(tmp_path / "case", "d1ge57", GALLERY.digest)
    assert note == "the gallery is not the recorded one (2 voiceprints now)"


def test_a_gallery_that_is_gone_is_noted(tmp_path: Path) -> None:
    [note] = notes(tmp_path / "case", "d1ge57", None)
    assert note == "the gallery is not the recorded one (0 voiceprints now)"


def test_the_same_gallery_is_not_worth_a_note(tmp_path: Path) -> None:
    assert notes(tmp_path / "case", GALLERY.digest, GALLERY.digest) == []


def test_what_was_never_recorded_has_no_gallery(tmp_path: Path) -> None:
    assert list(gallery_notes(Case(write_meeting(tmp_path / "case")), None, None)) == []
