"""What a gateway answers about meetings, as far as this program reads it."""

import datetime

from pydantic import Field

from cli.answers.answer import Answer, Fault
from cli.answers.usage import Usage


class AcceptedMeeting(Answer):
    """The gateway took a recording."""

    meeting_id: str
    run_id: str


class StageStatus(Answer):
    """How far one stage is."""

    status: str
    started_at: datetime.datetime | None = None
    seconds: float = 0.0
    attempts: int = 0
    progress: float = 0.0
    engine: str | None = None
    usage: Usage | None = None
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
    """Nothing more is done for a run of a meeting."""

    meeting_id: str
    run_id: str


class MeetingReceipt(Answer):
    """What the deletion of a meeting removed."""

    meeting_id: str
    runs: int
    objects: int
    pending: bool
    """True while something is left to remove."""
