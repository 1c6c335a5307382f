"""Runs and their events as cases hold them, read from Postgres."""

from collections.abc import Iterable
from uuid import UUID

from asyncpg import Record
from pydantic import TypeAdapter

from libs.common.cases.contents import RecordedEvent, RecordedRun
from libs.common.outcome import Report, Unit
from services.gateway.database import Connection, load_queries
from services.gateway.errors import InvalidRequest, MeetingNotFound, RunNotFound
from services.gateway.schemas.problems import FieldError

_SQL = load_queries("cases")

_UUID_DIGITS = 32
_BODY = TypeAdapter(dict[str, object])


async def runs_of_meeting(connection: Connection, workspace: str, meeting_id: UUID) -> list[Record]:
    """All runs of a meeting, oldest first.

    Raises:
        MeetingNotFound: There is no such meeting.
    """
    rows = await connection.fetch(_SQL["runs_of_meeting"], workspace, meeting_id)
    if not rows:
        raise MeetingNotFound(f"there is no meeting {meeting_id}")
    return rows


async def run_named(connection: Connection, workspace: str, run: str) -> Record:
    """The run whose id begins so, of a meeting or of a sample.

    Raises:
        RunNotFound: There is none.
        InvalidRequest: There are several.
    """
    digits = run.replace("-", "")
    try:
        first, last = (UUID(digits.ljust(_UUID_DIGITS, filler)) for filler in "0f")
    except ValueError as error:
        raise RunNotFound(f"there is no run {run}") from error
    rows = await connection.fetch(_SQL["runs_between"], workspace, first, last)
    if not rows:
        raise RunNotFound(f"there is no run {run}")
    if len(rows) > 1:
        raise InvalidRequest.of(FieldError(field="run", message=f"more than one run begins with {run}"))
    return rows[0]


def recorded_run(row: Record) -> RecordedRun:
    """A run without its events."""
    return RecordedRun(
        run_id=str(row["id"]),
        folder=row["folder"],
        status=row["status"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        error_stage=row["error_stage"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )


async def recorded_events(connection: Connection, runs: Iterable[Record]) -> tuple[RecordedEvent, ...]:
    """All events of some runs, by the time they were recorded."""
    rows = await connection.fetch(_SQL["facts_of_runs"], [run["id"] for run in runs])
    return tuple(_event(row) for row in rows)


def _event(row: Record) -> RecordedEvent:
    return RecordedEvent(
        publisher=Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"]),
        position=row["position"],
        siblings=row["siblings"],
        stream=row["stream"],
        body=_BODY.validate_json(row["event"]),
        report=Report.model_validate_json(row["report"]),
        recorded_at=row["recorded_at"],
        worked_in=str(row["worked_in"]) if row["worked_in"] else None,
    )
