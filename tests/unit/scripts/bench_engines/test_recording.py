"""Recordings of any length, and who talks in them."""

from pathlib import Path

from libs.common.audio import audio_duration
from libs.common.rttm import read_rttm
from libs.common.speech import Segment
from scripts.bench_engines.recording import SAMPLE, chunks, recording, recording_turns
from scripts.bench_engines.transcription import chunk_of

LONG = 140.0
"""More than both sample meetings together, and in the middle of a turn."""


def test_a_recording_has_the_length_that_was_asked_for(tmp_path: Path) -> None:
    for seconds in (7.5, LONG):
        assert audio_duration(recording(tmp_path, seconds)) == seconds


def test_turns_follow_the_sample_meetings_and_end_with_the_recording() -> None:
    turns = recording_turns(LONG)
    first = read_rttm(SAMPLE.with_suffix(".rttm").read_text("utf-8"))
    assert turns[: len(first)] == first
    again = [turn for turn in turns if turn.start > LONG / 2]
    assert {turn.label for turn in again} > {"Mark", "Julia"}
    assert max(turn.end for turn in turns) <= LONG
    assert [turn.start for turn in turns] == sorted(turn.start for turn in turns)


def test_chunks_cover_a_recording_without_gaps() -> None:
    found = chunks(150.0, length=60.0)
    assert [(one.start, one.end) for one in found] == [(0, 60), (60, 120), (120, 150)]


def test_the_speech_of_a_chunk_ends_with_the_chunk() -> None:
    chunk = chunk_of(recording_turns(60.0), Segment(start=2.0, end=8.0))
    assert [(one.start, one.end) for one in chunk.speech] == [(2.0, 5.97), (6.87, 8.0)]
