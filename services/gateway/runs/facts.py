"""What is known of a run: its row and the facts from which its status and its results follow."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from asyncpg import Record

from libs.common.engine import EngineInfo
from libs.common.events import EVENTS, Event, StageFailed
from libs.common.outcome import Report, Unit
from services.gateway.database import Connection, load_queries
from services.gateway.errors import MeetingNotFound, RunNotFound
from services.gateway.schemas.meetings import MeetingStatus
from services.gateway.schemas.problems import StageError

E = TypeVar("E", bound=Event)

_SQL = load_queries("meetings")


@dataclass(frozen=True)
class Run:
    """A meeting and one of its runs."""

    id: str
    meeting_id: str
    title: str | None
    filename: str | None
    status: MeetingStatus
    version: int
    created_at: datetime.datetime
    ended_at: datetime.datetime | None
    error: StageError | None
    is_current: bool = True
    """Whether it is what the meeting shows."""

    origin_id: str | None = None
    """The run that it replays."""


@dataclass(frozen=True)
class Fact:
    """An event of the run, and how the unit that published it was worked."""

    unit: Unit
    siblings: int
    event: Event
    report: Report
    is_reused: bool = False
    """Whether another run worked it, which this one replays."""


@dataclass(frozen=True)
class RunFacts:
    """All facts of a run, by the time they were recorded."""

    facts: tuple[Fact, ...]

    def events(self, event: type[E]) -> Iterable[E]:
        """Those of one class."""
        return (fact.event for fact in self.facts if isinstance(fact.event, event))

    @property
    def failures(self) -> dict[Unit, StageError]:
        """The units that were given up, with the reason."""
        return {
            fact.unit: StageError(code=fact.event.code, message=fact.event.message, stage=fact.event.stage)
            for fact in self.facts
            if isinstance(fact.event, StageFailed)
        }

    @property
    def reports(self) -> dict[Unit, Report]:
        """Each unit that is done, once."""
        return {fact.unit: fact.report for fact in self.facts}

    @property
    def reused(self) -> set[Unit]:
        """The units that another run worked."""
        return {fact.unit for fact in self.facts if fact.is_reused}

    @property
    def engines(self) -> dict[str, EngineInfo]:
        """Stage → engine; the units of one stage are made by the same."""
        return {unit.stage: report.engine for unit, report in self.reports.items() if report.engine is not None}


async def find_run(connection: Connection, workspace: str, meeting_id: UUID, run_id: UUID | None = None) -> Run:
    """A run of the meeting; the one that it shows, unless another is named.

    Raises:
        MeetingNotFound, RunNotFound: There is none in this workspace.
    """
    row = await connection.fetchrow(_SQL["find_run"], workspace, meeting_id, run_id)
    if row is None:
        raise MeetingNotFound(f"there is no meeting {meeting_id}")
    if row["run_id"] is None:
        raise RunNotFound(f"meeting {meeting_id} has no run {run_id}")
    return _run(row)


async def run_facts(connection: Connection, run_id: str) -> RunFacts:
    """What has become of the run so far."""
    return RunFacts(tuple(_fact(row) for row in await connection.fetch(_SQL["run_facts"], run_id)))


def run_error(row: Record) -> StageError | None:
    """Why the run of this row failed, if it did."""
    if row["error_code"] is None:
        return None
    return StageError(code=row["error_code"], message=row["error_message"] or "", stage=row["error_stage"] or "")


def _run(row: Record) -> Run:
    return Run(
        id=str(row["run_id"]),
        meeting_id=str(row["meeting_id"]),
        title=row["title"],
        filename=row["filename"],
        status=row["status"],
        version=row["version"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        error=run_error(row),
        is_current=row["is_current"],
        origin_id=str(row["origin_run_id"]) if row["origin_run_id"] else None,
    )


def _fact(row: Record) -> Fact:
    return Fact(
        unit=Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"]),
        siblings=row["siblings"],
        event=EVENTS[row["stream"]].model_validate_json(row["event"]),
        report=Report.model_validate_json(row["report"]),
        is_reused=row["worked_in"] is not None,
    )
