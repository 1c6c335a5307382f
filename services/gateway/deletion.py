"""The end of a meeting, on request or by its age: one way for both."""

import datetime
from dataclasses import dataclass
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import StorageUnavailable
from services.gateway.background.erasures import Erasure, Erasures
from services.gateway.database import Connection, Database, DatabaseUnavailable, load_queries
from services.gateway.errors import MeetingNotFound
from services.gateway.runs.cancellation import tell_workers
from services.gateway.runs.root_spans import export_root
from services.gateway.schemas.meetings import MeetingReceipt

_SQL = load_queries("deletion")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Buried:
    """What the deleting transaction found."""

    meeting_id: UUID
    deleted_at: datetime.datetime
    erasure_id: UUID
    runs: list[str]
    cancelled: tuple[str, ...]
    """Those that had not ended."""


@dataclass(frozen=True)
class Deletion:
    """Stops the work on a meeting and removes it; what cannot be removed now is removed later."""

    database: Database
    redis: Redis
    erasures: Erasures

    async def delete(self, workspace: str, meeting_id: UUID) -> MeetingReceipt:
        """Delete a meeting whatever is being done with it.

        Raises:
            MeetingNotFound: There is none.
        """
        async with self.database.transaction() as connection:
            if await connection.fetchval(_SQL["lock_meeting"], workspace, meeting_id) is None:
                raise MeetingNotFound(f"there is no meeting {meeting_id}")
            buried = await self._bury(connection, workspace, meeting_id)
        return await self._erase(buried)

    async def delete_expired(self, workspace: str, meeting_id: UUID, *, age: float) -> MeetingReceipt | None:
        """Delete a meeting whose newest run ended `age` seconds ago or earlier; None if that is not (any more) so."""
        async with self.database.transaction() as connection:
            if await connection.fetchval(_SQL["lock_meeting_unless_busy"], workspace, meeting_id) is None:
                return None
            if not await connection.fetchval(_SQL["is_expired"], meeting_id, age):
                return None
            buried = await self._bury(connection, workspace, meeting_id)
        return await self._erase(buried)

    async def _bury(self, connection: Connection, workspace: str, meeting_id: UUID) -> _Buried:
        """Turn a meeting that is locked into its tombstone."""
        deleted_at = await connection.fetchval(_SQL["bury_meeting"], meeting_id)
        runs = [row["id"] for row in await connection.fetch(_SQL["lock_runs_of_meeting"], meeting_id)]
        cancelled = await connection.fetch(_SQL["cancel_runs_of_meeting"], meeting_id)
        await connection.execute(_SQL["delete_facts"], runs)
        await connection.execute(_SQL["delete_labels"], runs)
        await connection.execute(_SQL["delete_outbox"], runs)
        erasure = Erasure(workspace, meeting_id=meeting_id, prefixes=(f"meetings/{meeting_id}/",))
        erasure_id = await self.erasures.request(connection, erasure)
        ended = tuple(str(row["id"]) for row in cancelled)
        return _Buried(meeting_id, deleted_at, erasure_id, [str(one) for one in runs], ended)

    async def _erase(self, buried: _Buried) -> MeetingReceipt:
        # Also those that have ended: their entries are still there and may be delivered again.
        await tell_workers(self.redis, buried.runs, lifetime=self.erasures.lifetime)
        for run_id in buried.cancelled:
            await export_root(self.database, run_id)
        objects, is_pending = 0, False
        try:
            objects = await self.erasures.remove_objects(buried.erasure_id)
            await self.erasures.finish(buried.erasure_id)
        except (StorageUnavailable, DatabaseUnavailable, RedisError, OSError) as error:
            _log.warning("erasure will be tried again", meeting_id=str(buried.meeting_id), error=str(error))
            is_pending = True
        _log.info("meeting deleted", meeting_id=str(buried.meeting_id), objects=objects, pending=is_pending)
        return MeetingReceipt(
            meeting_id=str(buried.meeting_id),
            deleted_at=buried.deleted_at,
            runs=len(buried.runs),
            objects=objects,
            pending=is_pending,
        )
