"""What a gateway answers, as far as this program reads it; what it does not know is kept for `--json`."""

import datetime

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Fault(Answer):
    """Why something failed."""

    code: str
    message: str
    stage: str | None = None


class Problem(Answer):
    """An `application/problem+json` body."""

    code: str
    title: str = ""
    detail: str = ""
    error: Fault | None = None
    errors: tuple["FieldFault", ...] = ()


class FieldFault(Answer):
    """One part of a request that is wrong."""

    field: str
    message: str


class AcceptedMeeting(Answer):
    """The gateway took a recording."""

    meeting_id: str
    run_id: str


class AcceptedSpeaker(Answer):
    """The gateway took enrolment clips."""

    speaker_id: str


class Sample(Answer):
    """One enrolment clip."""

    sample_id: str
    filename: str | None = None
    status: str
    error: Fault | None = None


class Speaker(Answer):
    """An enrolled person, or one who is being enrolled."""

    speaker_id: str
    name: str
    status: str
    samples: tuple[Sample, ...] = ()


class SpeakerReceipt(Answer):
    """What the deletion of a speaker removed."""

    speaker_id: str
    samples: int
    voiceprints: int
    embeddings: int
    """Of this voice, from meetings."""

    galleries: int
    objects: int
    pending: bool
    """True while something is left to remove."""


class StageStatus(Answer):
    """How far one stage is."""

    status: str
    started_at: datetime.datetime | None = None
    seconds: float = 0.0
    attempts: int = 0
    progress: float = 0.0
    engine: str | None = None
    error: Fault | None = None


class MeetingStatus(Answer):
    """How far a meeting is."""

    meeting_id: str
    status: str
    created_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    stages: dict[str, StageStatus] = Field(default_factory=dict)
    """By name, in the order of the line."""

    error: Fault | None = None

    @property
    def is_final(self) -> bool:
        return self.status in {"completed", "failed", "cancelled"}


class Meeting(Answer):
    """A line of the list of meetings."""

    meeting_id: str
    title: str | None = None
    filename: str | None = None
    status: str
    created_at: datetime.datetime


class Cancellation(Answer):
    """Nothing more is done for a meeting."""

    meeting_id: str


class MeetingReceipt(Answer):
    """What the deletion of a meeting removed."""

    meeting_id: str
    runs: int
    objects: int
    pending: bool
    """True while something is left to remove."""


class Person(Answer):
    """A voice of a meeting."""

    label: str
    name: str | None = None
    score: float | None = None
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


class Engine(Answer):
    """What made a part of the results."""

    name: str
    models: dict[str, str] = Field(default_factory=dict)


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


class Dependency(Answer):
    """One server that the gateway needs."""

    status: str
    latency: float
    """Seconds until it answered, or until that was given up."""

    error: str | None = None


class StageHealth(Answer):
    """One stage of the line."""

    workers: int
    engines: tuple[str, ...] = ()
    waiting: int = 0
    pending: int = 0


class Health(Answer):
    """How the gateway and the line behind it are."""

    status: str
    release: str
    dependencies: dict[str, Dependency]
    stages: dict[str, StageHealth]
    problems: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True if nothing is wrong and every stage has a worker."""
        return self.status == "ok" and all(stage.workers for stage in self.stages.values())
