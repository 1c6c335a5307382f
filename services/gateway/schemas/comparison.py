"""What the API answers about two runs of a meeting side by side.

The run `before` counts as the reference: what only it has is missed, deleted or gone, and what only the run `after`
has is a false alarm, inserted or added.
"""

import datetime
from typing import Literal

from pydantic import Field, JsonValue

from libs.common.engine import EngineInfo
from libs.common.minutes import Usage
from libs.common.scoring.diarization import DiarizationErrors
from libs.common.scoring.words import Change, WordErrors
from services.gateway.schemas.answers import Answer
from services.gateway.schemas.meetings import MeetingStatus
from services.gateway.schemas.results import ResultSpeaker

ComparedPart = Literal["turns", "speakers", "words", "minutes"]


class ComparedRun(Answer):
    """One of the two runs."""

    run_id: str
    status: MeetingStatus
    usage: Usage = Usage()
    """What its minutes took of remote models, also those that it took over from another run."""


class MissingPart(Answer):
    """Something that cannot be compared, because a run does not have it (yet)."""

    run_id: str
    part: ComparedPart
    persona: str | None = None
    """Whose minutes are missing."""

    message: str = Field(examples=["the run has no transcript: it is processing"])


class TurnDifference(Answer):
    """A time in which the runs do not say that the same people talk."""

    start: float
    end: float
    before: tuple[str, ...]
    """Labels of the run `before`."""

    after: tuple[str, ...]
    """Labels of the run `after`."""


class TurnComparison(Answer):
    """Who talks when: DER of `after` against `before`, as NIST's md-eval counts it; overlapped speech is scored."""

    collar: float
    """Seconds on each side of a boundary in `before` that are not scored."""

    errors: DiarizationErrors
    differences: tuple[TurnDifference, ...]


class SpeakerComparison(Answer):
    """One voice; labels are mapped to each other by the time that they share."""

    before: ResultSpeaker | None
    after: ResultSpeaker | None
    shared_seconds: float
    is_changed: bool
    """Whether it is somebody else, or a voice that only one run has."""


class Piece(Answer):
    """Some words in a row, and what became of them."""

    change: Change
    before: str
    after: str


class WordDifference(Answer):
    """A passage whose words differ, with a few words on both sides that do not."""

    start: float
    end: float
    """Of the words that differ."""

    pieces: tuple[Piece, ...]


class WordComparison(Answer):
    """What is said: WER of `after` against `before`.

    Words are taken in the order in which they begin, whoever says them; case and punctuation do not count. A long
    meeting is taken apart at a pause that both runs have, after every thousand words or so.
    """

    errors: WordErrors
    differences: tuple[WordDifference, ...]


class MinutesItem(Answer):
    """A decision, an action item, an open question, a topic or a finding of a section."""

    text: str
    assignee: str | None = None
    due: datetime.date | None = None
    due_text: str | None = None
    start: float | None = None
    """When the first utterance that it cites begins."""


class ChangedItem(Answer):
    """An item that both runs have, in other words, or for somebody else, or for another day."""

    before: MinutesItem
    after: MinutesItem


class ItemComparison(Answer):
    """The items of one part of the minutes."""

    unchanged: int
    changed: tuple[ChangedItem, ...]
    gone: tuple[MinutesItem, ...]
    added: tuple[MinutesItem, ...]


class MinutesComparison(Answer):
    """The minutes for one persona."""

    is_summary_changed: bool
    parts: dict[str, ItemComparison]
    """`decisions`, `action_items`, `open_questions`, `topics`, and each section of this persona by its name."""


class EngineDifference(Answer):
    """A stage that was worked by different engines or models."""

    before: EngineInfo
    after: EngineInfo


class SettingDifference(Answer):
    """Something that was asked for differently; `null` where it was not asked for."""

    before: JsonValue
    after: JsonValue


class Comparison(Answer):
    """Two runs of one meeting side by side; a part that one of them does not have is `null`, and listed as missing."""

    meeting_id: str
    before: ComparedRun
    after: ComparedRun
    turns: TurnComparison | None
    speakers: tuple[SpeakerComparison, ...] | None
    words: WordComparison | None
    minutes: dict[str, MinutesComparison]
    """By persona; those whose minutes both runs have."""

    engines: dict[str, EngineDifference]
    """By stage; only those that differ."""

    settings: dict[str, SettingDifference]
    """By name; only those that differ."""

    missing: tuple[MissingPart, ...]
