"""Joined meetings have exactly the turns that their reference says."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from evaluation.energy import find_speech
from evaluation.joining import Reader, join_meetings, read_readers
from evaluation.recordings import InvalidReference, Recording
from libs.common.audio import SAMPLE_RATE_HZ, audio_duration, read_segment
from libs.common.speech import Segment, speech_duration

NUM_UTTERANCES = 4


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> list[Reader]:
    """Three readers whose utterances are noise with silence around it."""
    folder = tmp_path_factory.mktemp("readers")
    draw = np.random.default_rng(3)
    for name in ("ana", "ben", "cleo"):
        (folder / name).mkdir()
        for number in range(NUM_UTTERANCES):
            speech = draw.normal(scale=0.1, size=round((3 + 2 * number) * SAMPLE_RATE_HZ))
            padded = np.pad(speech, SAMPLE_RATE_HZ // 2) + draw.normal(scale=1e-4, size=len(speech) + SAMPLE_RATE_HZ)
            soundfile.write(folder / name / f"{number}.flac", padded, SAMPLE_RATE_HZ)
    return read_readers(folder)


@pytest.fixture(scope="module")
def meetings(readers: list[Reader], tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    return join_meetings(readers, tmp_path_factory.mktemp("joined"), count=4, max_splits=30, seed=5)


def test_a_reader_is_enrolled_from_an_utterance_that_no_meeting_has(readers: list[Reader]) -> None:
    for reader in readers:
        assert reader.clip.name == "1.flac"
        assert len(reader.utterances) == NUM_UTTERANCES - 1
        assert reader.clip not in reader.utterances


def test_meetings_last_one_to_five_minutes_and_go_through_the_numbers_of_voices(meetings: list[Recording]) -> None:
    assert [len(meeting.people) for meeting in meetings] == [2, 3, 2, 3]
    assert all(55 <= audio_duration(meeting.audio) <= 330 for meeting in meetings)


def test_the_reference_is_where_the_sound_is(meetings: list[Recording]) -> None:
    meeting = meetings[0]
    heard = find_speech(read_segment(meeting.audio, Segment(start=0, end=audio_duration(meeting.audio))))
    assert speech_duration(heard) == pytest.approx(speech_duration(meeting.turns), rel=0.05)


def test_there_are_gaps_and_interruptions(meetings: list[Recording]) -> None:
    pauses = [after.start - before.end for meeting in meetings for before, after in pairwise(meeting.turns)]
    assert max(pauses) > 0.2
    assert min(pauses) < 0
    assert sum(pause < 0 for pause in pauses) < len(pauses) / 4


def test_nobody_speaks_twice_in_a_row(meetings: list[Recording]) -> None:
    assert all(a.label != b.label for meeting in meetings for a, b in pairwise(meeting.turns))


def test_every_split_leaves_somebody_a_stranger(meetings: list[Recording]) -> None:
    splits = meetings[0].splits
    assert len(splits) == len(set(splits)) == 6
    assert all(0 < len(split) < 3 for split in splits)


def test_the_same_seed_joins_the_same_meetings(
    readers: list[Reader], meetings: list[Recording], tmp_path: Path
) -> None:
    again = join_meetings(readers, tmp_path, count=4, max_splits=30, seed=5)
    assert [meeting.turns for meeting in again] == [meeting.turns for meeting in meetings]


def test_one_reader_is_no_meeting(tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    with pytest.raises(InvalidReference, match="readers"):
        read_readers(tmp_path)
