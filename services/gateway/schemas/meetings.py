"""What the API answers about meetings."""

import datetime
from typing import Literal

from pydantic import Field

from libs.common.minutes import Usage
from services.gateway.schemas.answers import Answer
from services.gateway.schemas.problems import StageError

MeetingStatus = Literal["accepted", "processing", "completed", "failed", "cancelled"]
StageState = Literal["waiting", "processing", "completed", "failed", "skipped", "reused"]

_ID = "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"


def status_url(meeting_id: str, run_id: str | None = None) -> str:
    """Where the status is; without a run, of the one that the meeting shows."""
    return f"/api/meetings/{meeting_id}/status" + (f"?run={run_id}" if run_id else "")


def results_url(meeting_id: str, run_id: str | None = None) -> str:
    """Where the results are; without a run, of the one that the meeting shows."""
    return f"/api/meetings/{meeting_id}/results" + (f"?run={run_id}" if run_id else "")


class MeetingAnswer(Answer):
    """The recording is safe and will be worked on."""

    meeting_id: str = Field(examples=[_ID])
    run_id: str
    status: Literal["accepted"] = "accepted"
    status_url: str = Field(examples=[f"/api/meetings/{_ID}/status"])
    results_url: str = Field(examples=[f"/api/meetings/{_ID}/results"])

    @classmethod
    def of(cls, meeting_id: str, run_id: str) -> "MeetingAnswer":
        """With the addresses that follow from the ids."""
        return cls(
            meeting_id=meeting_id,
            run_id=run_id,
            status_url=status_url(meeting_id),
            results_url=results_url(meeting_id),
        )


class MeetingSummary(Answer):
    """One line of the list of meetings."""

    meeting_id: str
    run_id: str
    title: str | None
    filename: str | None
    status: MeetingStatus
    created_at: datetime.datetime
    ended_at: datetime.datetime | None
    status_url: str
    results_url: str


class MeetingPage(Answer):
    """Some meetings, newest first."""

    meetings: tuple[MeetingSummary, ...]
    next_cursor: str | None
    """Give it as `cursor` for the next page; `null` on the last one."""


class StageStatus(Answer):
    """How far one stage is."""

    status: StageState
    """`skipped`: the meeting ended before it. `reused`: what another run made is taken over, at no cost."""

    started_at: datetime.datetime | None = None
    seconds: float = 0.0
    """Worked so far in this run, over all units of the stage."""

    attempts: int = 0
    """The most that one of its units needed."""

    progress: float = Field(default=0.0, ge=0, le=1)
    engine: str | None = None
    usage: Usage | None = None
    """What remote models took in this run so far; `null` where none was asked."""

    error: StageError | None = None


class MeetingProgress(Answer):
    """Where a meeting is in the line; `stages` are in their order."""

    meeting_id: str
    run_id: str
    is_current: bool = True
    """Whether the meeting shows this run."""

    origin_run_id: str | None = None
    """The run that this one replays."""

    title: str | None
    status: MeetingStatus
    created_at: datetime.datetime
    """When the run began."""

    ended_at: datetime.datetime | None
    has_transcript: bool
    """Whether the results can be read; minutes may follow."""

    stages: dict[str, StageStatus]
    error: StageError | None = None
    results_url: str


class MeetingCancellation(Answer):
    """The meeting is cancelled; nothing more is done for it."""

    meeting_id: str
    run_id: str
    status: Literal["cancelled"] = "cancelled"


class MeetingReceipt(Answer):
    """What the deletion of a meeting removed."""

    meeting_id: str
    deleted_at: datetime.datetime
    runs: int
    objects: int
    """Removed from the object store so far."""

    pending: bool
    """True while something is left to remove, because the store did not answer; it is tried again."""
