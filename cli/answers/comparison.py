"""Two runs of a meeting side by side, as far as this program reads it."""

import datetime

from pydantic import Field, JsonValue

from cli.answers.answer import Answer
from cli.answers.results import Engine, Person
from cli.answers.usage import Usage


class Side(Answer):
    """One of the two runs."""

    run_id: str
    status: str
    usage: Usage = Usage()


class TurnErrors(Answer):
    """DER and its parts, in seconds of speech."""

    speech: float
    missed: float
    false_alarm: float
    confusion: float
    der: float | None


class TurnDifference(Answer):
    """A time in which somebody else talks."""

    start: float
    end: float
    before: tuple[str, ...]
    after: tuple[str, ...]


class Turns(Answer):
    """Who talks when."""

    collar: float
    errors: TurnErrors
    differences: tuple[TurnDifference, ...]


class Voice(Person):
    """A voice of one run."""

    reason: str


class VoicePair(Answer):
    """One voice in both runs."""

    before: Voice | None
    after: Voice | None
    is_changed: bool


class WordErrors(Answer):
    """WER and its parts."""

    words: int
    substitutions: int
    deletions: int
    insertions: int
    rate: float | None


class Piece(Answer):
    """Some words in a row; `change` is `equal` where they stayed."""

    change: str
    before: str
    after: str


class WordDifference(Answer):
    """A passage whose words differ."""

    start: float
    end: float
    pieces: tuple[Piece, ...]


class Words(Answer):
    """What is said."""

    errors: WordErrors
    differences: tuple[WordDifference, ...]


class Item(Answer):
    """Something the minutes say."""

    text: str
    assignee: str | None = None
    due: datetime.date | None = None
    due_text: str | None = None
    start: float | None = None


class ItemPair(Answer):
    """An item that both runs have, in other words."""

    before: Item
    after: Item


class Items(Answer):
    """The items of one part of the minutes."""

    unchanged: int
    changed: tuple[ItemPair, ...]
    gone: tuple[Item, ...]
    added: tuple[Item, ...]


class MinutesPair(Answer):
    """The minutes for one persona."""

    is_summary_changed: bool
    parts: dict[str, Items]


class EnginePair(Answer):
    """What worked a stage."""

    before: Engine
    after: Engine


class SettingPair(Answer):
    """What was asked for."""

    before: JsonValue
    after: JsonValue


class Missing(Answer):
    """Something that a run does not have."""

    run_id: str
    message: str


class Comparison(Answer):
    """Two runs of a meeting side by side."""

    before: Side
    after: Side
    turns: Turns | None = None
    speakers: tuple[VoicePair, ...] | None = None
    words: Words | None = None
    minutes: dict[str, MinutesPair] = Field(default_factory=dict)
    engines: dict[str, EnginePair] = Field(default_factory=dict)
    settings: dict[str, SettingPair] = Field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
