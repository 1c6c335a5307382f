"""The state of every stage: what waits in Redis, and what Postgres knows of the work that was done."""

import asyncio
import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from asyncpg import Record
from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.minutes import Usage
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import STREAMS, StageView, StreamSize, stream_sizes, survey
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database, load_queries
from services.gateway.schemas.pipeline import (
    Pipeline,
    PutBacks,
    QueueState,
    StageOverview,
    StageWorker,
    Throughput,
)

_SQL = load_queries("pipeline")
_PATIENCE = 3.0
_MINUTES = 15
"""Over which the query of the throughput looks."""

_USAGES = TypeAdapter(tuple[Usage, ...])

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Streams:
    """What Redis says; empty while it does not answer."""

    views: Mapping[str, StageView]
    sizes: Mapping[str, StreamSize]


@dataclass(frozen=True)
class _Facts:
    """What Postgres says, by stage."""

    throughput: Mapping[str, Record]
    put_backs: Mapping[str, Record]
    dead: Mapping[str, int]


@dataclass(frozen=True)
class Overview:
    """Answers `/api/pipeline`; reading leaves nothing behind in Redis."""

    database: Database
    redis: Redis
    scripts: Scripts

    async def read(self, workspace: str) -> Pipeline:
        """The state of all stages; `dead` counts what is of this workspace."""
        streams = await self._streams()
        facts = await self._facts(workspace)
        return Pipeline(
            at=datetime.datetime.now(datetime.UTC),
            stages={stage: _stage(stage, streams, facts) for stage in STREAMS},
        )

    async def _streams(self) -> _Streams:
        try:
            async with asyncio.timeout(_PATIENCE):
                return _Streams(await survey(self.redis, self.scripts), await stream_sizes(self.redis))
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("the streams are out of reach", error=str(error))
            return _Streams({}, {})

    async def _facts(self, workspace: str) -> _Facts:
        async with self.database.snapshot() as connection:
            throughput = await connection.fetch(_SQL["throughput"])
            put_backs = await connection.fetch(_SQL["put_backs"])
            dead = await connection.fetch(_SQL["dead_by_stage"], workspace)
        return _Facts(
            throughput={row["stage"]: row for row in throughput},
            put_backs={row["stage"]: row for row in put_backs},
            dead={row["stage"]: row["dead"] for row in dead},
        )


def _stage(name: str, streams: _Streams, facts: _Facts) -> StageOverview:
    view, put_back = streams.views.get(name), facts.put_backs.get(name)
    return StageOverview(
        queue=_queue(view, [streams.sizes[stream] for stream in STREAMS[name]]) if view else None,
        workers=tuple(
            StageWorker(consumer=one.consumer, release=one.release, engine=one.stages[name])
            for one in (view.workers if view else ())
        ),
        throughput=_throughput(name, facts.throughput),
        put_backs=PutBacks(
            inputs=put_back["inputs"] if put_back else 0, last_at=put_back["last_at"] if put_back else None
        ),
        dead=facts.dead.get(name, 0),
    )


def _queue(view: StageView, sizes: list[StreamSize]) -> QueueState:
    backlog = view.backlog
    return QueueState(
        waiting=backlog.unread,
        pending=backlog.pending,
        delayed=backlog.delayed,
        oldest=backlog.oldest,
        attempts=backlog.attempts,
        repeated=backlog.repeated,
        length=sum(one.length for one in sizes),
        memory_bytes=sum(one.memory_bytes for one in sizes),
    )


def _throughput(stage: str, counted: Mapping[str, Record]) -> Throughput:
    """The projection records a fact for each unit, whichever stage has worked it."""
    rows = list(counted.values()) if stage == PROJECTION else [counted[stage]] if stage in counted else []
    own = counted.get(stage)
    last_15_minutes = sum(row["last_15_minutes"] for row in rows)
    return Throughput(
        last_minute=sum(row["last_minute"] for row in rows),
        last_5_minutes=sum(row["last_5_minutes"] for row in rows),
        last_15_minutes=last_15_minutes,
        per_minute=round(last_15_minutes / _MINUTES, 2),
        median_seconds=round(own["median"], 3) if own else None,
        percentile_95_seconds=round(own["percentile_95"], 3) if own else None,
        usage=_usage(own) if own else None,
    )


def _usage(row: Record) -> Usage | None:
    total = sum(_USAGES.validate_json(row["usages"] or "[]"), start=Usage())
    return total if total.calls else None
