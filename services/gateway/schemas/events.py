"""What the API answers about events: those that happen, and those that happened."""

import datetime
from typing import Literal

from pydantic import Field, JsonValue

from libs.common.outcome import GivenUp, Warned
from services.gateway.schemas.answers import Answer
from services.gateway.schemas.meetings import MeetingStatus

_EVENT = "b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22/transcribe.00003#0"


class EventSummary(Answer):
    """An event, and how the unit that published it was worked."""

    event: str = Field(examples=[_EVENT])
    """Its name: `<run_id>/<stage>[.<part>]#<position>`."""

    stream: str = Field(examples=["chunk.transcribed.v1"])
    run_id: str
    stage: str = Field(examples=["transcribe"])
    """Which stage of the line published it; `accept` stands for the request."""

    part: str = Field(examples=["00003"])
    """Which of several equal units of the run; empty where there is only one."""

    meeting_id: str | None
    speaker_id: str | None
    sample_id: str | None
    at: datetime.datetime
    """When it was published or, in a history, recorded."""

    started_at: datetime.datetime
    """When the attempt began that ended the unit."""

    seconds: float
    """Work of that attempt."""

    attempts: int
    engine: str | None
    warnings: tuple[Warned, ...]
    given_up: GivenUp | None
    """Why the unit was given up: it failed, or its stage gave something else instead."""

    body: dict[str, JsonValue]
    """The event itself: ids and object keys."""


class TailedEvent(EventSummary):
    """An event that happens."""

    is_again: bool
    """True if it was put aside and is handed out again: for the next attempt, or because an outage is over."""

    spent: int
    """Attempts that were used up before on what it asks for."""


class PastEvent(EventSummary):
    """An event of a history."""

    since_start: float
    """Seconds since its run was accepted."""

    since_previous: float
    """Seconds since the event before it."""

    queued: float | None
    """Seconds between the end of the unit that asked for this one and the attempt that ended it."""

    worked_in: str | None
    """The run that did the work, where this one took it over."""


class MeetingEvents(Answer):
    """What happened in one run of a meeting, in order."""

    meeting_id: str
    run_id: str
    status: MeetingStatus
    events: tuple[PastEvent, ...]
    next_cursor: str | None
    """Give it as `cursor` for what follows; `null` if nothing does yet."""


class SpeakerEvents(Answer):
    """What happened to the samples of a speaker, in order."""

    speaker_id: str
    events: tuple[PastEvent, ...]


class TailNote(Answer):
    """Something that a reader should know of what is shown: `event: note` and, as the last, `event: end`."""

    reason: Literal["unavailable", "restarted", "too_slow", "closing"]
    message: str
