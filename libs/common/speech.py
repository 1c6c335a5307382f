"""Segments, turns and words: what is said when, by whom. All times are seconds from the start of the recording."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """An immutable value that can be written as JSON; fields of newer releases are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Segment(Frozen):
    """A stretch of time."""

    start: float = Field(ge=0)
    end: float = Field(ge=0)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"segment ends at {self.end} before it starts at {self.start}")
        return self

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start

    @property
    def middle(self) -> float:
        """The time halfway between start and end."""
        return (self.start + self.end) / 2

    def overlap(self, other: "Segment") -> float:
        """Seconds that both segments share; 0 if they do not touch."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def gap(self, other: "Segment") -> float:
        """Seconds between the segments; 0 if they touch or overlap."""
        return max(0.0, other.start - self.end, self.start - other.end)


class Turn(Segment):
    """A segment in which one speaker talks; turns may overlap."""

    label: str


class Word(Segment):
    """One recognized word."""

    text: str
    probability: float = Field(ge=0, le=1)


class SpeakerBounds(Frozen):
    """How many voices the client says there are; `None` leaves it to the engine."""

    min_speakers: int | None = Field(default=None, ge=1)
    max_speakers: int | None = Field(default=None, ge=1)
    num_speakers: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.min_speakers and self.max_speakers and self.min_speakers > self.max_speakers:
            raise ValueError("min_speakers is larger than max_speakers")
        if self.num_speakers and (self.min_speakers or self.max_speakers):
            raise ValueError("num_speakers excludes min_speakers and max_speakers")
        return self

    @property
    def lowest(self) -> int:
        """The fewest voices allowed."""
        return self.num_speakers or self.min_speakers or 1

    def highest(self, default: int) -> int:
        """The most voices allowed; `default` where the client gave no upper bound."""
        return max(self.lowest, self.num_speakers or self.max_speakers or default)


class EmbeddingModel(Frozen):
    """The model that made a speaker embedding; only embeddings of the same model are compared."""

    name: str
    revision: str
    dimension: int

    @property
    def id(self) -> str:
        """Name and revision as one word for keys and paths."""
        return f"{self.name}@{self.revision}".replace("/", "--")


class Diarization(Frozen):
    """The artifact `turns.json`: all turns of a meeting, sorted by start, labels numbered by first appearance."""

    version: Literal[1] = 1
    turns: tuple[Turn, ...]

    exclusive_turns: tuple[Turn, ...] = ()
    """The same speech with one voice at a time, as its engine decided overlaps; empty where it decides none."""

    embeddings: dict[str, str] = Field(default_factory=dict)
    """Label → object key of its `SpeakerEmbedding`; a label with too little clean speech has none."""

    @property
    def word_turns(self) -> tuple[Turn, ...]:
        """The turns to which words are given."""
        return self.exclusive_turns or self.turns

    @property
    def labels(self) -> list[str]:
        """Labels in the order of their first turn."""
        return list(dict.fromkeys(turn.label for turn in self.turns))

    def speech_seconds(self, label: str) -> float:
        """How long this label talks."""
        return sum(turn.duration for turn in self.turns if turn.label == label)


class SpeakerEmbedding(Frozen):
    """The artifact `embedding.<label>.json`: one voice of one meeting."""

    version: Literal[1] = 1
    model: EmbeddingModel
    vector: tuple[float, ...]
    """L2-normalized, shape (model.dimension,)."""


def label_name(index: int) -> str:
    """The label of the voice that appears as number `index` in a meeting, as pyannote writes it."""
    return f"SPEAKER_{index:02d}"


def speech_duration(segments: Iterable[Segment]) -> float:
    """Seconds covered by at least one segment; overlaps count once."""
    total, reached = 0.0, 0.0
    for segment in sorted(segments, key=lambda one: one.start):
        total += max(0.0, segment.end - max(segment.start, reached))
        reached = max(reached, segment.end)
    return total
