"""Compares what should be under way with what is, and puts back into Redis what Redis lost."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator

import structlog
from asyncpg import Record
from opentelemetry.trace import SpanKind
from redis.asyncio import Redis

from libs.common.events import EVENTS
from libs.common.line import CONSUMERS
from libs.common.streams.entry import parse_event
from libs.common.streams.keys import (
    PROJECTION,
    delayed_key,
    marker_key,
    moved_key,
    stream_key,
)
from libs.common.streams.scripts import Scripts
from libs.common.subject import subject_of
from libs.common.tracing.attributes import publishing, subject_attributes
from libs.common.tracing.spans import describe, tentative_span, trace_of
from services.gateway.background.entries import entry_of
from services.gateway.database import Database, load_queries
from services.gateway.metrics.counts import LineCounts
from services.gateway.runs.cancellation import restore_cancelled
from services.gateway.runs.places import take_places

_SQL = load_queries("reconciler")
_RUNS_AT_ONCE = 20
_CANCELLED_AT_ONCE = 1000
_OUTPUTS = [stream_key(stream) for stream in EVENTS]

_log = structlog.get_logger(__name__)


class Reconciler:
    """One pass at a time over all gateways. It costs nothing while Redis still has everything."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        scripts: Scripts,
        *,
        age: float,
        lifetime: float,
        counts: LineCounts,
    ) -> None:
        """`age`: seconds after which an input without an outcome is looked after.

        `lifetime`: seconds for which a run that was cancelled or deleted stays marked in Redis.
        """
        self.added = 0
        """How many inputs this process had to add again; above zero, something is losing."""
        self._database = database
        self._redis = redis
        self._scripts = scripts
        self._age = age
        self._lifetime = lifetime
        self._counts = counts

    async def reconcile(self) -> int:
        """One pass; returns how many inputs were added again."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_SQL["lock"]):
                return 0
            await self._restore_cancelled()
            await take_places(self._database)
            added = 0
            async for run_ids in self._pages("runs_in_progress", self._age, _RUNS_AT_ONCE):
                added += await self._look_after_runs(run_ids)
        self.added += added
        return added

    async def _look_after_runs(self, run_ids: list[uuid.UUID]) -> int:
        async with self._database.transaction() as connection:
            # An event that the projection recorded and acknowledged between the two looks would seem to be lost.
            await connection.execute(_SQL["lock_runs"], run_ids)
            streams = list(CONSUMERS)
            stages = [CONSUMERS[stream].stage for stream in streams]
            due = await connection.fetch(_SQL["due_units"], streams, stages, self._age, run_ids)
            added = Counter([CONSUMERS[row["stream"]].stage for row in due if await self._look_after(row) == "added"])
            for stage, inputs in sorted(added.items()):
                await connection.execute(_SQL["count_put_backs"], stage, inputs)
        self._counts.republished(added)
        return added.total()

    async def _restore_cancelled(self) -> None:
        async for run_ids in self._pages("cancelled_runs", self._lifetime, _CANCELLED_AT_ONCE):
            await restore_cancelled(self._redis, [str(one) for one in run_ids], lifetime=self._lifetime)

    async def _pages(self, query: str, age: float, size: int) -> AsyncIterator[list[uuid.UUID]]:
        last = uuid.UUID(int=0)
        while rows := await self._database.fetch(_SQL[query], age, last, size):
            last = rows[-1]["id"]
            yield [row["id"] for row in rows]

    async def _look_after(self, row: Record) -> str:
        run_id, position = str(row["run_id"]), CONSUMERS[row["stream"]]
        span = tentative_span(run_id, "put back", SpanKind.PRODUCER)
        entry = entry_of(row, trace=trace_of(span))
        event = parse_event(position.consumes, entry)
        unit = position.unit(event)
        keys = [entry.key, moved_key(position.stage), delayed_key(position.stage), marker_key(unit.id), *_OUTPUTS]
        known = [position.stage, unit.id, entry.fact, row["entry_id"] or "", PROJECTION]
        answer = str(await self._scripts.reconcile(keys=keys, args=[*known, *map(str, entry.fields())]))
        if answer == "added":
            describe(span, {**publishing([entry.key]), **subject_attributes(subject_of(event))})
            span.end()
            _log.warning("put back an input that Redis had lost", unit=unit.name, **subject_of(event))
        return answer
