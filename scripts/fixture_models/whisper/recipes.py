"""Windows to learn from: passages of the meetings as they are, and utterances in any order by any voice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from scripts.fixture_models.whisper.speech import Spoken
from scripts.fixture_models.whisper.timeline import Placed, Window, cut, pauses, place

MOST_SECONDS = 30.0
"""What Whisper takes in at once."""


@dataclass(frozen=True)
class Said:
    """An utterance of a meeting."""

    spoken: Spoken
    pause: float
    """Before it."""

    level_dbfs: float


@dataclass(frozen=True)
class Library:
    """All speech there is to learn from."""

    meetings: tuple[tuple[Said, ...], ...]
    utterances: tuple[Spoken, ...]


@dataclass(frozen=True)
class Mixture:
    """What windows are made of."""

    passages: float
    """Share of windows that are meetings as they are."""

    faster: float
    """Share of utterances in any order that are said faster or slower."""

    most_noise_dbfs: float


class Recipe(Protocol):
    """A way to come to a window of at most so many seconds."""

    def __call__(self, library: Library, seconds: float, mixture: Mixture, rng: np.random.Generator) -> Window: ...


def passage(library: Library, seconds: float, mixture: Mixture, rng: np.random.Generator) -> Window:
    """A stretch of a meeting, its pauses and levels a little changed."""
    meeting = library.meetings[int(rng.integers(len(library.meetings)))]
    level_db = rng.uniform(-8, 6)
    placed = place(
        [
            (said.spoken, said.pause + rng.uniform(-0.15, 0.3), _gain(said.level_dbfs + level_db + rng.normal()), 1.0)
            for said in meeting
        ],
        lead=rng.uniform(0, 1.2),
    )
    starts = [0.0, *(rng.uniform(max(one.start, one.end - 1), one.end) for one in pauses(placed))]
    return _cut_somewhere(placed, starts[int(rng.integers(len(starts)))], seconds, rng)


def medley(library: Library, seconds: float, mixture: Mixture, rng: np.random.Generator) -> Window:
    """Utterances in any order, at any level, a little faster or slower."""
    count = 40 if rng.random() < 0.6 else int(rng.integers(1, 4))
    chosen = [library.utterances[int(index)] for index in rng.integers(len(library.utterances), size=count)]
    placed = place(
        [
            (
                spoken,
                rng.choice([rng.uniform(0.05, 0.5), rng.uniform(0.3, 1.5)]),
                _gain(rng.uniform(-32, -16)),
                _speed(mixture, rng),
            )
            for spoken in chosen
        ],
        lead=rng.choice([rng.uniform(0, 0.3), rng.uniform(0, 1.5)]),
    )
    return _cut_somewhere(placed, 0.0, seconds, rng)


def silence(library: Library, seconds: float, mixture: Mixture, rng: np.random.Generator) -> Window:
    """Nobody speaks."""
    return cut([], 0.0, rng.uniform(0.3, seconds))


def _cut_somewhere(placed: Sequence[Placed], start: float, seconds: float, rng: np.random.Generator) -> Window:
    """From the start on to a pause, the end or, at times, the middle of a word."""
    most = start + seconds
    if rng.random() < 0.25:
        return cut(placed, start, most)
    last = max(one.words[-1].end for one in placed) + rng.uniform(0.05, 1.5)
    ends = [rng.uniform(one.start, one.end) for one in pauses(placed)]
    ends = [end for end in [*ends, last] if start + 0.5 < end <= most] or [most]
    return cut(placed, start, ends[-1] if rng.random() < 0.6 else ends[int(rng.integers(len(ends)))])


def _gain(level_dbfs: float) -> float:
    return float(10 ** (level_dbfs / 20))


def _speed(mixture: Mixture, rng: np.random.Generator) -> float:
    return float(rng.uniform(0.92, 1.08)) if rng.random() < mixture.faster else 1.0
