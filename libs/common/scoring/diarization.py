"""DER with its parts, as NIST's md-eval counts it, and the stretches of time that it comes from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pydantic import computed_field

from libs.common.scoring.pairing import best_pairs
from libs.common.speech import Frozen, Segment, Turn

_MICROSECONDS = 1_000_000
_UNSCORED = "unscored"


class DiarizationErrors(Frozen):
    """What DER is made of, in seconds of speech; overlapping speakers count once each."""

    speech: float = 0.0
    """Of the reference, within the collar's rule."""

    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def der(self) -> float | None:
        """Diarization error rate, 0 to (above) 1; `None` without speech in the reference."""
        return (self.missed + self.false_alarm + self.confusion) / self.speech if self.speech else None

    def __add__(self, other: "DiarizationErrors") -> "DiarizationErrors":
        return DiarizationErrors(
            speech=self.speech + other.speech,
            missed=self.missed + other.missed,
            false_alarm=self.false_alarm + other.false_alarm,
            confusion=self.confusion + other.confusion,
        )


@dataclass(frozen=True)
class Stretch:
    """A time in which the same labels talk."""

    start: float
    end: float
    reference: frozenset[str]
    hypothesis: frozenset[str]

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Alignment:
    """Two diarizations of one recording over each other."""

    stretches: tuple[Stretch, ...]
    """All time that is scored, in order; silence on both sides is left out."""

    shared: dict[tuple[str, str], float]
    """Label of the reference, label of the hypothesis → seconds in which both talk."""

    labels: dict[str, str]
    """Label of the reference → the label of the hypothesis that it is compared with."""

    @property
    def errors(self) -> DiarizationErrors:
        """Counted over all stretches."""
        return sum((self._errors(one) for one in self.stretches), start=DiarizationErrors())

    def is_same(self, stretch: Stretch) -> bool:
        """Whether both sides say that the same people talk."""
        return {self.labels.get(label) for label in stretch.reference} == stretch.hypothesis

    def _errors(self, stretch: Stretch) -> DiarizationErrors:
        here, there = len(stretch.reference), len(stretch.hypothesis)
        correct = len({self.labels.get(label) for label in stretch.reference} & stretch.hypothesis)
        return DiarizationErrors(
            speech=stretch.duration * here,
            missed=stretch.duration * max(0, here - there),
            false_alarm=stretch.duration * max(0, there - here),
            confusion=stretch.duration * (min(here, there) - correct),
        )


def align_turns(reference: Iterable[Turn], hypothesis: Iterable[Turn], *, collar: float = 0.0) -> Alignment:
    """Compare two diarizations; overlapped speech is scored.

    Args:
        reference: The turns that count as true.
        hypothesis: The turns under test; their labels are mapped to the true ones in the best possible way.
        collar: Seconds before and after each boundary of the reference that are not scored.
    """
    truth = tuple(reference)
    stretches = tuple(_stretches(truth, tuple(hypothesis), _collars(truth, collar)))
    shared: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one in stretches:
        for pair in ((label, other) for label in one.reference for other in one.hypothesis):
            shared[pair] += one.duration
    return Alignment(stretches, dict(shared), best_pairs(_weights(shared)))


def _collars(turns: Iterable[Turn], collar: float) -> list[Turn]:
    boundaries = {time for turn in turns for time in (turn.start, turn.end)} if collar else set()
    segments = (Segment(start=max(0.0, time - collar), end=time + collar) for time in boundaries)
    return [Turn(start=one.start, end=one.end, label=_UNSCORED) for one in segments]


def _stretches(*sides: Iterable[Turn]) -> Iterator[Stretch]:
    """Sweep over all boundaries; the third side is what is not scored."""
    changes: defaultdict[float, list[tuple[int, str, int]]] = defaultdict(list)
    for side, turns in enumerate(sides):
        for turn in turns:
            changes[turn.start].append((side, turn.label, 1))
            changes[turn.end].append((side, turn.label, -1))
    talking: tuple[Counter[str], ...] = tuple(Counter() for _ in sides)
    for start, end in pairwise(sorted(changes)):
        for side, label, step in changes[start]:
            talking[side][label] += step
        reference, hypothesis, unscored = (frozenset(+one) for one in talking)
        if (reference or hypothesis) and not unscored:
            yield Stretch(start, end, reference, hypothesis)


def _weights(shared: dict[tuple[str, str], float]) -> dict[tuple[str, str], int]:
    """Shared time in whole numbers; between mappings that are equally good, the one that keeps labels wins."""
    return {
        (one, other): round(seconds * _MICROSECONDS) * (len(shared) + 1) + (one == other)
        for (one, other), seconds in shared.items()
    }
