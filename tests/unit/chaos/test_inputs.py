"""The recordings of the harness: their instruction reaches every stage."""

import itertools
from pathlib import Path

import pytest

from chaos.inputs import expected_meeting, meeting, sample
from chaos.inscription import read_inscription
from chaos.instruction import CODE_DIGITS, FAULTS, PLACES, Instruction
from chaos.speech import instruction_of, spoken_turns, spoken_words
from chaos.tones import read_tones
from libs.common.speech import Segment
from services.normalizer.decoding import Limit
from services.normalizer.errors import RecordingTooLong
from services.normalizer.ffmpeg import find_ffmpeg
from services.normalizer.normalization import normalize


async def test_an_instruction_can_be_heard_after_normalization(tmp_path: Path) -> None:
    instruction = Instruction(number=0xABCDEF, voices=(255, 16), place="summarize", fault="kill_worker_once")
    upload, audio = tmp_path / "upload", tmp_path / "audio.flac"
    upload.write_bytes(meeting(0xABCDEF, voices=(255, 16), place="summarize", fault="kill_worker_once").content)
    limit = Limit(duration=60, error=RecordingTooLong)
    await normalize(find_ffmpeg(None), upload, audio, limit=limit, progress=lambda _fraction: None)
    assert Instruction.parse(read_tones(audio, CODE_DIGITS)) == instruction


def test_an_instruction_stands_in_the_header() -> None:
    upload = sample(7, voice=3, place="enroll", fault="hang")
    assert read_inscription(upload.content[:512]) == upload.instruction
    assert read_inscription(b"RIFF") is None


@pytest.mark.parametrize("cuts", [(0.0, 3.2), (0.0, 0.7, 1.7, 3.2), (0.0, 0.3, 1.15, 2.05, 3.2)])
def test_each_word_is_heard_once_wherever_a_meeting_is_cut(cuts: tuple[float, ...]) -> None:
    instruction = Instruction(number=5)
    segments = [Segment(start=start, end=end) for start, end in itertools.pairwise(cuts)]
    heard = [word for segment in segments for word in spoken_words(instruction, segment)]
    assert heard == list(spoken_words(instruction, Segment(start=0, end=4)))
    assert {instruction_of(word.text) for word in heard} == {instruction}


def test_a_poisoned_chunk_leaves_the_words_of_the_others() -> None:
    poisoned = meeting(9, place="chunk", fault="crash")
    assert [text.split("-")[-1] for _, text in poisoned.expected.utterances] == ["3", "5"]
    assert poisoned.expected.warnings == {"chunk_failed"}


def test_every_possible_fault_of_a_meeting_has_an_expected_end() -> None:
    for place in PLACES[:-1]:
        for fault in FAULTS:
            expected = expected_meeting(Instruction(number=1, place=place, fault=fault))
            assert (expected.status == "failed") == (expected.error is not None)
    assert len(spoken_turns(Instruction(number=1))[0]) == 3


@pytest.mark.parametrize(
    ("error", "is_end"),
    [("engine_stalled", True), ("worker_crashed", True), ("engine_crashed", True), ("recording_unreadable", False)],
)
def test_under_what_fails_anyhow_the_last_attempt_may_have_been_ended(error: str, is_end: bool) -> None:
    assert sample(1, place="enroll", fault="hang").expected.is_end(is_completed=False, error=error) is is_end
    assert not sample(1).expected.is_end(is_completed=False, error=error)


def test_a_fault_that_cannot_strike_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot suffer hang at normalize"):
        meeting(1, place="normalize", fault="hang")
    with pytest.raises(ValueError, match="cannot suffer"):
        sample(1, place="diarize", fault="crash")
