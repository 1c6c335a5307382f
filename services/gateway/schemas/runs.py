"""What a client asks and is answered about the runs of a meeting."""

import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, field_serializer

from libs.common.line import ClientStage
from libs.common.request import RunSettings
from libs.common.speech import Frozen
from services.gateway.schemas.answers import Answer
from services.gateway.schemas.meetings import MeetingStatus, results_url, status_url
from services.gateway.schemas.problems import StageError

WhenCurrent = Literal["now", "when_completed", "never"]


class _Wish(Frozen):
    """A misspelt option is an error, so that none is left out silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ReplayWish(_Wish):
    """From where a meeting is worked again, and what shall be different."""

    from_stage: ClientStage
    """The first stage that is worked again; what those before it have made is reused."""

    run_id: UUID | None = None
    """The run that is replayed; otherwise the current one."""

    settings: RunSettings = RunSettings()
    """What shall be different; everything else is as in the run that is replayed."""

    personas: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """For whom minutes are written; otherwise for the same as before."""

    current: WhenCurrent | None = None
    """When the meeting shows the new run: `now`, `when_completed` (until then the old results stay), or `never`.
    Otherwise `now` if what it shows has failed or was cancelled, and else `when_completed`."""


class CurrentRunWish(_Wish):
    """Which run a meeting shall show."""

    run_id: UUID


class ReplayAnswer(Answer):
    """The replay will be worked on; the old run stays readable."""

    meeting_id: str
    run_id: str
    status: Literal["accepted"] = "accepted"
    status_url: str
    results_url: str

    @classmethod
    def of(cls, meeting_id: str, run_id: str) -> "ReplayAnswer":
        """With the addresses that follow from the ids."""
        return cls(
            meeting_id=meeting_id,
            run_id=run_id,
            status_url=status_url(meeting_id, run_id),
            results_url=results_url(meeting_id, run_id),
        )


class MeetingRun(Answer):
    """One passage of a meeting through the line."""

    run_id: str
    status: MeetingStatus
    is_current: bool
    """Whether it is what the meeting shows."""

    origin_run_id: str | None
    """The run that this one replays."""

    from_stage: str | None
    """Where its own work began; what those before it make is reused."""

    settings: RunSettings
    """All that are set, also those that it has from the run that it replays."""

    personas: tuple[str, ...]
    created_at: datetime.datetime
    ended_at: datetime.datetime | None
    error: StageError | None
    status_url: str
    results_url: str

    @field_serializer("settings")
    def _as_given(self, settings: RunSettings) -> dict[str, JsonValue]:
        return settings.given


class MeetingRuns(Answer):
    """All runs of a meeting, newest first."""

    runs: tuple[MeetingRun, ...]
