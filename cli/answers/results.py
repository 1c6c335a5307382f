"""Who said what, and the minutes, as far as this program reads them."""

import datetime

from pydantic import Field

from cli.answers.answer import Answer
from cli.answers.usage import Usage


class Person(Answer):
    """A voice of a meeting."""

    label: str
    name: str | None = None
    score: float | None = None
    reason: str | None = None
    speech_seconds: float = 0.0


class Utterance(Answer):
    """One turn with its words."""

    id: str
    start: float
    end: float
    label: str
    name: str | None = None
    text: str


class Finding(Answer):
    """A decision or an open question."""

    text: str
    evidence: tuple[str, ...] = ()


class ActionItem(Answer):
    """Something that somebody has to do."""

    task: str
    assignee: str | None = None
    due: datetime.date | None = None
    due_text: str | None = None
    evidence: tuple[str, ...] = ()


class Section(Answer):
    """What one persona wants beyond the common parts."""

    title: str
    findings: tuple[Finding, ...] = ()


class Engine(Answer):
    """What made a part of the results."""

    name: str
    models: dict[str, str] = Field(default_factory=dict)


class Minutes(Answer):
    """The minutes for one persona."""

    title: str
    parts: tuple[str, ...] = ("summary", "decisions", "action_items", "open_questions", "topics", "sections")
    """In the order in which the reader wants them."""

    summary: str
    topics: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()
    decisions: tuple[Finding, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    open_questions: tuple[Finding, ...] = ()
    engine: Engine = Engine(name="unknown")
    usage: Usage = Usage()


class Caution(Answer):
    """Something that did not go as asked for."""

    code: str
    message: str


class Results(Answer):
    """Who said what, and the minutes."""

    meeting_id: str
    title: str | None = None
    filename: str | None = None
    duration: float
    language: str | None = None
    speakers: tuple[Person, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    minutes: dict[str, Minutes] = Field(default_factory=dict)
    engines: dict[str, Engine] = Field(default_factory=dict)
    warnings: tuple[Caution, ...] = ()
