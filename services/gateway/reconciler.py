"""Compares what should be under way with what is, and puts back into Redis what Redis lost."""

import datetime

import structlog
from asyncpg import Record
from redis.asyncio import Redis

from libs.common.events import EVENTS
from libs.common.line import CONSUMERS
from libs.common.outcome import Unit
from libs.common.streams.entry import Entry
from libs.common.streams.keys import (
    PROJECTION,
    cancelled_key,
    delayed_key,
    marker_key,
    moved_key,
    stream_key,
)
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database, load_queries

_SQL = load_queries("reconciler")
_CANCELLED_LIFETIME = datetime.timedelta(days=2)
_OUTPUTS = [stream_key(stream) for stream in EVENTS]

_log = structlog.get_logger(__name__)


class Reconciler:
    """One pass at a time over all gateways. It costs nothing while Redis still has everything."""

    def __init__(self, database: Database, redis: Redis, scripts: Scripts, *, age: float) -> None:
        """`age`: seconds after which an input without an outcome is looked after."""
        self.added = 0
        """How many inputs this process had to add again; above zero, something is losing."""
        self._database = database
        self._redis = redis
        self._scripts = scripts
        self._age = age

    async def reconcile(self) -> int:
        """One pass; returns how many inputs were added again."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_SQL["lock"]):
                return 0
            streams = list(CONSUMERS)
            stages = [CONSUMERS[stream].stage for stream in streams]
            due = await connection.fetch(_SQL["due_units"], streams, stages, self._age)
            cancelled = await connection.fetch(_SQL["recently_cancelled"])
            await self._restore_cancelled([str(row["id"]) for row in cancelled])
            added = [row for row in due if await self._look_after(row) == "added"]
        self.added += len(added)
        return len(added)

    async def _look_after(self, row: Record) -> str:
        event = EVENTS[row["stream"]].model_validate_json(row["event"])
        position = CONSUMERS[row["stream"]]
        unit = position.unit(event)
        publisher = Unit(run_id=event.run_id, stage=row["stage"], part=row["part"])
        key = stream_key(row["stream"])
        entry = Entry(
            key=key,
            fact=f"{publisher.id}#{row['position']}",
            siblings=row["siblings"],
            spent=0,
            revision=event.revision,
            event=event.model_dump_json(),
            report=row["report"],
        )
        keys = [key, moved_key(position.stage), delayed_key(position.stage), marker_key(unit.id), *_OUTPUTS]
        known = [position.stage, unit.id, entry.fact, row["entry_id"] or "", PROJECTION]
        answer = str(await self._scripts.reconcile(keys=keys, args=[*known, *map(str, entry.fields())]))
        if answer == "added":
            _log.warning("put back an input that Redis had lost", run_id=unit.run_id, unit=unit.name)
        return answer

    async def _restore_cancelled(self, run_ids: list[str]) -> None:
        if not run_ids:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for run_id in run_ids:
                pipe.set(cancelled_key(run_id), "1", ex=_CANCELLED_LIFETIME)
            await pipe.execute()
