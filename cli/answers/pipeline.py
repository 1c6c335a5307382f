"""What a gateway answers about the line, as far as this program reads it."""

import datetime

from pydantic import Field

from cli.answers.answer import Answer, Fault


class Queue(Answer):
    """The work before a stage."""

    waiting: int
    pending: int
    delayed: int
    oldest: float | None = None
    attempts: int = 0
    repeated: int = 0
    length: int = 0
    memory_bytes: int = 0


class Worker(Answer):
    """A living process."""

    consumer: str
    release: str
    engine: str | None = None


class Throughput(Answer):
    """Units that were finished."""

    last_minute: int
    last_5_minutes: int
    last_15_minutes: int
    median_seconds: float | None = None
    percentile_95_seconds: float | None = None


class PutBacks(Answer):
    """What Redis had lost."""

    inputs: int
    last_at: datetime.datetime | None = None


class Stage(Answer):
    """One stage of the line."""

    queue: Queue | None = None
    workers: tuple[Worker, ...] = ()
    throughput: Throughput
    put_backs: PutBacks
    dead: int = 0


class Pipeline(Answer):
    """The line, in its order."""

    at: datetime.datetime
    stages: dict[str, Stage]


class Caution(Answer):
    """A warning of a unit."""

    code: str
    message: str


class Event(Answer):
    """An event, and how the unit that published it was worked."""

    event: str
    stream: str
    stage: str
    at: datetime.datetime
    meeting_id: str | None = None
    seconds: float
    attempts: int
    engine: str | None = None
    warnings: tuple[Caution, ...] = ()
    given_up: Fault | None = None


class TailedEvent(Event):
    """An event that happens."""

    is_again: bool = False
    spent: int = 0


class PastEvent(Event):
    """An event of a history."""

    since_start: float
    since_previous: float
    queued: float | None = None
    worked_in: str | None = None


class SpeakerEvents(Answer):
    """What happened to the samples of a speaker."""

    events: tuple[PastEvent, ...] = ()


class TailNote(Answer):
    """Something to know about the events that follow."""

    reason: str
    message: str


class DeadLetter(Answer):
    """A unit that was given up."""

    event: str
    kind: str
    code: str
    message: str
    attempts: int
    input: str | None = None
    meeting_id: str | None = None
    title: str | None = None
    filename: str | None = None
    speaker_id: str | None = None
    speaker_name: str | None = None
    at: datetime.datetime


class DeadLetters(Answer):
    """A page of them."""

    codes: dict[str, int] = Field(default={})
    """How many there are of each code, on all pages."""


class DeadLetterDetails(Answer):
    """A unit that was given up, with its outcome."""

    letter: DeadLetter
    outcome: dict[str, object] | None = None


class DroppedLetters(Answer):
    """What has left the list, or would have."""

    count: int
    events: tuple[str, ...] = ()
    dry_run: bool = False


class RetriedRun(Answer):
    """A run that is retried, and by which other."""

    origin_run_id: str
    run_id: str | None = None
    meeting_id: str | None = None
    events: tuple[str, ...] = ()
    error: Fault | None = None


class RetriedLetters(Answer):
    """What is done again, or would be."""

    count: int
    runs: tuple[RetriedRun, ...] = Field(default=())
    dry_run: bool = False
