"""A folder holds recordings, references and enrolment clips under names that follow from each other."""

import shutil
from pathlib import Path

import pytest

from evaluation.recordings import InvalidReference, read_folder, read_stm, write_stm
from libs.common.speech import Turn

SHORT = Path(__file__).parents[3] / "samples" / "short"
RTTM = "SPEAKER board 1 0.5 2.0 <NA> <NA> Ana <NA> <NA>\n"
STM = "board 1 Ana 0.500 2.500 <o,f0,female> We ship on Friday.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SHORT / "short.flac", tmp_path / "board.flac")
    (tmp_path / "board.rttm").write_text(RTTM)
    return tmp_path


def test_turns_alone_are_enough(folder: Path) -> None:
    (recording,) = read_folder(folder)
    assert recording.turns == (Turn(start=0.5, end=2.5, label="Ana"),)
    assert (recording.utterances, recording.text, recording.splits) == ((), "", ())


def test_an_stm_gives_utterances_and_their_text(folder: Path) -> None:
    (folder / "board.stm").write_text(STM)
    (recording,) = read_folder(folder)
    assert [(one.label, one.start, one.end) for one in recording.utterances] == [("Ana", 0.5, 2.5)]
    assert recording.text == "We ship on Friday."


def test_a_plain_text_gives_words_of_nobody(folder: Path) -> None:
    (folder / "board.txt").write_text("We ship on Friday.")
    (recording,) = read_folder(folder)
    assert (recording.utterances, recording.text) == ((), "We ship on Friday.")


def test_corrected_results_are_a_reference(folder: Path) -> None:
    line = '{"start": 0.5, "end": 2.5, "label": "SPEAKER_00", "name": "Ana", "text": "We ship on Friday."}'
    (folder / "board.json").write_text(f'{{"meeting_id": "m", "utterances": [{line}]}}')
    (recording,) = read_folder(folder)
    assert [(one.label, one.text) for one in recording.utterances] == [("Ana", "We ship on Friday.")]


def test_clips_enrol_people_under_the_names_of_their_folders(folder: Path) -> None:
    clip = SHORT / "speakers" / "Mark" / "introduction.flac"
    (folder / "speakers" / "Mary Ann").mkdir(parents=True)
    shutil.copy(clip, folder / "speakers" / "Mary Ann" / "one.flac")
    (folder / "speakers" / "nobody").mkdir()
    (recording,) = read_folder(folder)
    assert recording.clips == {"Mary_Ann": (folder / "speakers" / "Mary Ann" / "one.flac",)}
    assert recording.splits == (frozenset({"Mary_Ann"}),)


def test_a_reference_without_its_recording_is_refused(folder: Path) -> None:
    (folder / "other.rttm").write_text(RTTM)
    with pytest.raises(InvalidReference, match=r"other\.rttm"):
        read_folder(folder)


def test_a_folder_without_references_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidReference, match=r"NAME\.rttm"):
        read_folder(tmp_path)


@pytest.mark.parametrize("line", ["board 1 Ana 0.5", "board 1 Ana soon 2.5 text", "board 1 Ana 3.0 2.5 text"])
def test_a_broken_line_of_stm_is_refused(line: str) -> None:
    with pytest.raises(InvalidReference, match="STM"):
        read_stm(line)


def test_utterances_survive_a_round_trip() -> None:
    text = "board 1 Ana 0.500 2.500 We ship on Friday.\nboard 1 Ben 2.400 3.000 Fine.\n"
    assert write_stm(read_stm(f";; by hand\n{text}"), recording="board") == text
