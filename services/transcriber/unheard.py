"""Speech that nobody wrote down: where the diarizer heard somebody talk, and there are no words."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from libs.common.speech import Segment

_LEAST_SECONDS = 1.0
"""What is shorter is a breath or a cough as often as a word."""

_PAUSE_SECONDS = 0.5
"""Beside a word, so much silence is no loss: people pause within a turn, and times of words are estimates."""

_LISTED = 8


def unheard_speech(turns: Iterable[Segment], words: Iterable[Segment]) -> list[Segment]:
    """The stretches of turns, of about a second or more, during which there is no word.

    Args:
        turns: Where somebody talks; may overlap.
        words: In any order; also whatever else accounts for a time.
    """
    covered = _union(words)
    ends = [one.end for one in covered]
    return _union(hole for turn in turns for hole in _holes(turn, covered, ends))


def listed(segments: Sequence[Segment]) -> str:
    """Their times for people, bounded: the rest is counted."""
    times = ", ".join(f"{one.start:.1f} to {one.end:.1f} s" for one in segments[:_LISTED])
    return times if len(segments) <= _LISTED else f"{times} and {len(segments) - _LISTED} more"


def _holes(turn: Segment, covered: Sequence[Segment], ends: Sequence[float]) -> Iterator[Segment]:
    """What of a turn is not covered."""
    start, margin = turn.start, 0.0
    for index in range(bisect_right(ends, turn.start), len(covered)):
        one = covered[index]
        if one.start >= turn.end:
            break
        if one.start - start - margin - _PAUSE_SECONDS >= _LEAST_SECONDS:
            yield Segment(start=start, end=one.start)
        start, margin = max(start, one.end), _PAUSE_SECONDS
    if turn.end - start - margin >= _LEAST_SECONDS:
        yield Segment(start=start, end=turn.end)


def _union(segments: Iterable[Segment]) -> list[Segment]:
    """The same times as segments that do not overlap, by start."""
    joined: list[Segment] = []
    for one in sorted(segments, key=lambda each: each.start):
        if joined and one.start <= joined[-1].end:
            joined[-1] = Segment(start=joined[-1].start, end=max(joined[-1].end, one.end))
        else:
            joined.append(Segment(start=one.start, end=one.end))
    return joined
