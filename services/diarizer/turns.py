"""From the voice of each window to turns: who talks from when to when."""

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from libs.common.speech import Segment, Turn, label_name

_MAX_PAUSE_SECONDS = 0.8
"""A speaker who goes on after a shorter pause, with nobody in between, is still in the same turn."""

Labels = NDArray[np.intp]


def to_turns(windows: Sequence[Segment], labels: Labels) -> list[Turn]:
    """Turns by start; a change of voice lies halfway between the middles of its two windows."""
    turns: list[Turn] = []
    for stretch in _stretches(windows):
        start = windows[stretch.start].start
        for index, after in pairwise(range(stretch.start, stretch.stop)):
            if labels[index] != labels[after]:
                change = (windows[index].middle + windows[after].middle) / 2
                turns.append(_turn(start, change, labels[index]))
                start = change
        turns.append(_turn(start, windows[stretch.stop - 1].end, labels[stretch.stop - 1]))
    return _join_pauses(turns)


def clean_windows(windows: Sequence[Segment], labels: Labels) -> NDArray[np.bool_]:
    """Which windows overlap with no window of another voice, shape (num_windows,)."""
    is_clean = np.ones(len(windows), np.bool_)
    for index, window in enumerate(windows):
        for after in range(index + 1, len(windows)):
            if windows[after].start >= window.end:
                break
            if labels[after] != labels[index]:
                is_clean[index] = is_clean[after] = False
    return is_clean


def _turn(start: float, end: float, label: int) -> Turn:
    return Turn(start=round(start, 3), end=round(end, 3), label=label_name(int(label)))


def _stretches(windows: Sequence[Segment]) -> list[slice]:
    """Runs of overlapping windows: each covers one stretch of speech without a pause."""
    breaks = [index for index, (one, other) in enumerate(pairwise(windows), start=1) if other.start >= one.end]
    return [slice(start, end) for start, end in pairwise([0, *breaks, len(windows)]) if end > start]


def _join_pauses(turns: Sequence[Turn]) -> list[Turn]:
    joined: list[Turn] = []
    for label, group in groupby(turns, key=lambda turn: turn.label):
        own: list[Turn] = []
        for turn in group:
            if own and turn.start - own[-1].end < _MAX_PAUSE_SECONDS:
                own[-1] = Turn(start=own[-1].start, end=turn.end, label=label)
            else:
                own.append(turn)
        joined += own
    return joined
