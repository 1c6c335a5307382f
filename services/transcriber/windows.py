"""Speech as an engine takes it that hears 30 s at a time: silences left out, cut where nobody speaks."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment
from services.transcriber.pauses import quietest

WINDOW_SECONDS = 30.0

_MARGIN_SECONDS = 0.2
"""Kept around speech: a turn's edges are estimates."""

_LONGEST_PAUSE = 1.0
"""A silence up to this stays in: cutting it out gains little, and every cut can be heard."""

_SHORTEST_WINDOW = 15.0
_CHOICE_SECONDS = 3.0
"""A quiet place is looked for in at least so much speech."""


@dataclass(frozen=True)
class Speech:
    """The speech of a stretch of audio, without the silences in between."""

    samples: NDArray[np.float32]
    """Shape (num_samples,)."""

    pieces: tuple[Segment, ...]
    """What they are made of, in order: times of the audio that they are from."""

    begins: tuple[float, ...]
    """Where each piece begins in the samples, seconds."""

    def original(self, start: float, end: float) -> Segment:
        """Where something in these samples lies in the audio that they are from; always within one piece."""
        index = max(0, bisect_right(self.begins, (start + end) / 2) - 1)
        piece, shift = self.pieces[index], self.pieces[index].start - self.begins[index]
        begin = min(max(start + shift, piece.start), piece.end)
        return Segment(start=begin, end=min(max(end + shift, begin), piece.end))


def only_speech(samples: NDArray[np.float32], speech: Iterable[Segment]) -> Speech:
    """Leave out where nobody talks.

    Args:
        samples: Shape (num_samples,).
        speech: Where somebody talks, seconds from the first sample; may overlap.
    """
    pieces = _joined(speech, len(samples) / SAMPLE_RATE_HZ)
    parts = [samples[round(one.start * SAMPLE_RATE_HZ) : round(one.end * SAMPLE_RATE_HZ)] for one in pieces]
    begins = np.cumsum([0, *(len(part) for part in parts)])[:-1] / SAMPLE_RATE_HZ
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return Speech(samples=joined, pieces=tuple(pieces), begins=tuple(begins.tolist()))


def cut_windows(samples: NDArray[np.float32]) -> list[Segment]:
    """As few windows as possible, each cut at the quietest place that there is.

    Args:
        samples: Shape (num_samples,).
    """
    windows, start, end = [], 0.0, len(samples) / SAMPLE_RATE_HZ
    while end - start > WINDOW_SECONDS:
        earliest, latest = start + _earliest_cut(end - start), start + WINDOW_SECONDS
        choice = samples[round(earliest * SAMPLE_RATE_HZ) : round(latest * SAMPLE_RATE_HZ)]
        cut = earliest + quietest(choice)
        windows.append(Segment(start=start, end=cut))
        start = cut
    return [*windows, Segment(start=start, end=end)] if end > start else windows


def _earliest_cut(seconds: float) -> float:
    """The shortest first window with which the rest needs no more windows than it has to."""
    rest = (math.ceil(seconds / WINDOW_SECONDS) - 1) * WINDOW_SECONDS
    return min(max(seconds - rest, _SHORTEST_WINDOW), WINDOW_SECONDS - _CHOICE_SECONDS)


def _joined(speech: Iterable[Segment], duration: float) -> list[Segment]:
    pieces: list[Segment] = []
    for one in sorted(speech, key=lambda each: each.start):
        start, end = max(0.0, one.start - _MARGIN_SECONDS), min(duration, one.end + _MARGIN_SECONDS)
        if end <= start:
            continue
        if pieces and start - pieces[-1].end <= _LONGEST_PAUSE:
            pieces[-1] = Segment(start=pieces[-1].start, end=max(pieces[-1].end, end))
        else:
            pieces.append(Segment(start=start, end=end))
    return pieces
