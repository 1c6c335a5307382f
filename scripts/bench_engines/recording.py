"""Recordings of any length: the sample meetings, one after the other, again and again."""

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile

from libs.common.audio import SAMPLE_RATE_HZ, audio_duration
from libs.common.rttm import read_rttm
from libs.common.speech import Segment, Turn

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples/planning/planning.flac"
"""Four voices, about two minutes."""

SMALL_PIPELINE = ROOT / "tests/models/pyannote"
SMALL_WHISPER = ROOT / "tests/models/whisper"
"""Trained models of a few megabytes, which the tests use."""

_MEETINGS = (SAMPLE, ROOT / "samples/short/short.flac")


def recording(work: Path, seconds: float) -> Path:
    """A normalized recording below `work`; written if it is not there."""
    path = work / f"recording-{seconds:g}s.flac"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        _write(unfinished, round(seconds * SAMPLE_RATE_HZ))
        unfinished.rename(path)
    return path


def recording_turns(seconds: float) -> tuple[Turn, ...]:
    """Who talks when in a recording of that length, by the samples' own turns."""
    turns: list[Turn] = []
    offset = 0.0
    while offset < seconds:
        for meeting in _MEETINGS:
            turns += _moved(read_rttm(meeting.with_suffix(".rttm").read_text("utf-8")), offset)
            offset += audio_duration(meeting)
    return tuple(turn.model_copy(update={"end": min(turn.end, seconds)}) for turn in turns if turn.start < seconds)


def chunks(seconds: float, *, length: float) -> list[Segment]:
    """Consecutive chunks; only the last may be shorter."""
    starts = np.arange(0.0, seconds, length).tolist()
    return [Segment(start=start, end=min(seconds, start + length)) for start in starts]


def _moved(turns: Iterable[Turn], offset: float) -> Iterator[Turn]:
    for turn in turns:
        yield Turn(start=offset + turn.start, end=offset + turn.end, label=turn.label)


def _write(path: Path, num_samples: int) -> None:
    meetings = [soundfile.read(meeting, dtype="int16")[0] for meeting in _MEETINGS]
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, "PCM_16", format="FLAC") as target:
        for meeting in cycle(meetings):
            if target.frames >= num_samples:
                break
            target.write(meeting[: num_samples - target.frames])
