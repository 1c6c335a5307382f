"""The runs of a meeting, and which of them it shows."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog
from asyncpg import Record

from libs.common.errors import ObjectMissing
from libs.common.request import MeetingRequest
from libs.common.storage import ObjectStore
from services.gateway.database import Database, load_queries
from services.gateway.errors import MeetingNotFound
from services.gateway.runs.facts import find_run, run_error
from services.gateway.schemas.meetings import results_url, status_url
from services.gateway.schemas.runs import MeetingRun, MeetingRuns

_SQL = load_queries("replays")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RunHistory:
    """The use cases."""

    database: Database
    store: ObjectStore

    async def of_meeting(self, workspace: str, meeting_id: UUID) -> MeetingRuns:
        """All runs, newest first.

        Raises:
            MeetingNotFound: There is no such meeting.
        """
        rows = await self._rows(workspace, meeting_id)
        try:
            return MeetingRuns(runs=tuple(await asyncio.gather(*map(self._run, rows))))
        except ObjectMissing:
            await self._rows(workspace, meeting_id)  # deleted meanwhile: then it is not found
            raise

    async def choose(self, workspace: str, meeting_id: UUID, run_id: UUID) -> MeetingRun:
        """Let the meeting show this run; a replay that is still in progress takes its place no more.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
        """
        async with self.database.transaction() as connection:
            await connection.execute(_SQL["lock_meeting"], workspace, meeting_id)
            await find_run(connection, workspace, meeting_id, run_id)
            await connection.execute(_SQL["make_current"], meeting_id, run_id)
            await connection.execute(_SQL["forget_places"], meeting_id)
        _log.info("current run chosen", meeting_id=str(meeting_id), run_id=str(run_id))
        runs = (await self.of_meeting(workspace, meeting_id)).runs
        return next(one for one in runs if one.run_id == str(run_id))

    async def _rows(self, workspace: str, meeting_id: UUID) -> list[Record]:
        rows = await self.database.fetch(_SQL["runs_of_meeting"], workspace, meeting_id)
        if not rows:
            raise MeetingNotFound(f"there is no meeting {meeting_id}")
        return rows

    async def _run(self, row: Record) -> MeetingRun:
        request = await self.store.load(MeetingRequest, f"{row['folder']}/request.json")
        run_id, meeting_id = str(row["id"]), str(row["meeting_id"])
        return MeetingRun(
            run_id=run_id,
            status=row["status"],
            is_current=row["is_current"],
            origin_run_id=str(row["origin_run_id"]) if row["origin_run_id"] else None,
            from_stage=row["from_stage"],
            settings=request.settings,
            personas=request.personas,
            created_at=row["created_at"],
            ended_at=row["ended_at"],
            error=run_error(row),
            status_url=status_url(meeting_id, run_id),
            results_url=results_url(meeting_id, run_id),
        )
