"""What a gateway answers about the runs of a meeting, as far as this program reads it."""

import datetime

from pydantic import Field, JsonValue

from cli.answers.answer import Answer, Fault


class AcceptedRun(Answer):
    """The gateway took a replay."""

    meeting_id: str
    run_id: str


class Run(Answer):
    """One passage of a meeting through the pipeline."""

    run_id: str
    status: str
    is_current: bool = False
    origin_run_id: str | None = None
    """Whose work before `from_stage` it took over."""

    from_stage: str | None = None
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    personas: tuple[str, ...] = ()
    created_at: datetime.datetime
    ended_at: datetime.datetime | None = None
    error: Fault | None = None


class RunList(Answer):
    """All runs of a meeting, newest first."""

    runs: tuple[Run, ...]
