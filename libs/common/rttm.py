"""Rich Transcription Time Marked: turns as text, one `SPEAKER` line each, as NIST's tools and pyannote read it."""

from collections.abc import Iterable
from math import isfinite

from libs.common.errors import PipelineError
from libs.common.speech import Turn


class InvalidRttm(PipelineError):
    """A line of the file is not RTTM."""

    code = "invalid_rttm"


def write_rttm(turns: Iterable[Turn], *, recording: str) -> str:
    """The turns as RTTM, times in milliseconds' precision; spaces in names become underscores."""
    return "".join(f"{_line(turn, _field(recording))}\n" for turn in turns)


def read_rttm(text: str) -> tuple[Turn, ...]:
    """The turns of all `SPEAKER` lines, sorted by start; other lines and comments are passed over.

    Raises:
        InvalidRttm: A `SPEAKER` line is too short, or its times are not times.
    """
    lines = enumerate(text.splitlines(), start=1)
    turns = [_turn(number, fields) for number, line in lines if (fields := line.split())[:1] == ["SPEAKER"]]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))


def _line(turn: Turn, recording: str) -> str:
    start = round(turn.start, 3)
    duration = round(turn.end, 3) - start  # the end is exact, not the sum of two roundings
    return f"SPEAKER {recording} 1 {start:.3f} {duration:.3f} <NA> <NA> {_field(turn.label)} <NA> <NA>"


def _field(text: str) -> str:
    return "_".join(text.split()) or "<NA>"


def _turn(number: int, fields: list[str]) -> Turn:
    try:
        start, duration, label = float(fields[3]), float(fields[4]), fields[7]
    except (IndexError, ValueError) as error:
        raise InvalidRttm(f"line {number} is not a turn: {' '.join(fields)}") from error
    if not (isfinite(start) and isfinite(duration) and start >= 0 and duration >= 0):
        raise InvalidRttm(f"line {number} has no valid times: {' '.join(fields)}")
    return Turn(start=start, end=round(start + duration, 6), label=label)
