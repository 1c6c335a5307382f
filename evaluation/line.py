"""What is under test: something that takes a recording and says who spoke when, what, and under which names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from evaluation.recordings import Recording
from libs.common.speech import Turn
from libs.common.transcript import Utterance


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Which names were given when these people were enrolled."""

    enrolled: frozenset[str]
    names: Mapping[str, str]
    """Label → name; labels without a name are absent. Names are written as in RTTM, without spaces."""


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """What came out for one recording."""

    turns: tuple[Turn, ...]
    duration: float
    namings: tuple[Naming, ...] = ()
    utterances: tuple[Utterance, ...] | None
    """`None` if nothing was transcribed."""

    language: str | None = None
    engines: Mapping[str, str] = field(default_factory=dict)
    """Stage → engine, as the results name it."""

    seconds: Mapping[str, float]
    """Stage → how long it worked; enrolment is left out."""


class Line(Protocol):
    """The line under test."""

    @property
    def description(self) -> str:
        """What it is, for the report."""

    def process(self, recording: Recording) -> Hypothesis:
        """Take one recording through, once for each of its splits; the turns and the text are those of the first."""
