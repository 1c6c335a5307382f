"""What Postgres says about a run of the harness, read once, when everything is quiet."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from libs.common.events import EVENTS, Event
from libs.common.line import CONSUMERS
from libs.common.outcome import Report, Unit

_RUNS = """
SELECT runs.id::text, runs.meeting_id::text, samples.speaker_id::text, runs.folder, runs.status, runs.error_code,
       runs.created_at, runs.ended_at, coalesce(meetings.deleted_at IS NOT NULL, false) AS is_deleted
FROM runs
LEFT JOIN meetings ON meetings.id = runs.meeting_id
LEFT JOIN samples ON samples.id = runs.sample_id
"""
_FACTS = """
SELECT run_id::text, stage, part, position, siblings, stream, event::text, report::text, recorded_at,
       worked_in IS NULL AS is_own
FROM facts
"""
_OPEN = """
SELECT (SELECT count(*) FROM runs WHERE ended_at IS NULL)
     + (SELECT count(*) FROM gallery_jobs WHERE written_at IS NULL)
"""
_MEETINGS = "SELECT id::text, filename FROM meetings"


@dataclass(frozen=True)
class RunRow:
    """A run of a meeting or a sample."""

    id: str
    meeting_id: str | None
    speaker_id: str | None
    folder: str
    status: str
    error_code: str | None
    created_at: datetime.datetime
    ended_at: datetime.datetime | None
    is_deleted: bool


@dataclass(frozen=True)
class FactRow:
    """An event, as it was recorded."""

    run_id: str
    stage: str
    part: str
    position: int
    siblings: int
    stream: str
    event: str
    report: str
    recorded_at: datetime.datetime
    is_own: bool
    """Whether it was worked in this run, and not in the one that this one replays."""

    @property
    def unit(self) -> Unit:
        """Who published it."""
        return Unit(run_id=self.run_id, stage=self.stage, part=self.part)

    @property
    def parsed_event(self) -> Event:
        return EVENTS[self.stream].model_validate_json(self.event)

    @property
    def parsed_report(self) -> Report:
        return Report.model_validate_json(self.report)

    @property
    def next_unit(self) -> Unit | None:
        """Whose input it is."""
        position = CONSUMERS.get(self.stream)
        return position.unit(self.parsed_event) if position else None


@dataclass(frozen=True)
class MeetingRow:
    """A meeting that was accepted."""

    id: str
    filename: str | None


@dataclass(frozen=True)
class Evidence:
    """All rows that the checks need."""

    runs: dict[str, RunRow]
    facts: Sequence[FactRow]
    meetings: Sequence[MeetingRow]


async def read_evidence(url: str) -> Evidence:
    """The rows as they are now."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        runs = await (connection.cursor(row_factory=class_row(RunRow))).execute(_RUNS)
        by_id = {run.id: run for run in await runs.fetchall()}
        facts = await (connection.cursor(row_factory=class_row(FactRow))).execute(_FACTS)
        found = await facts.fetchall()
        meetings = await (connection.cursor(row_factory=class_row(MeetingRow))).execute(_MEETINGS)
        return Evidence(runs=by_id, facts=found, meetings=await meetings.fetchall())


async def is_settled(url: str) -> bool:
    """Whether every run has ended and every gallery has been written."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (await connection.execute(_OPEN)).fetchone()
        return row is not None and row[0] == 0
