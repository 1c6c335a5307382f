"""What the streams hold and who works on them, read without disturbing anything."""

import datetime
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field
from redis.asyncio import Redis

from libs.common.events import EVENTS
from libs.common.line import LINE
from libs.common.speech import Frozen
from libs.common.streams.keys import (
    PROJECTION,
    WORKERS,
    delayed_key,
    stream_key,
    waiting_entries_key,
    worker_key,
)
from libs.common.streams.scripts import Scripts
from libs.common.streams.unread import PAGE

STREAMS: dict[str, tuple[str, ...]] = {
    **{one.stage: (one.consumes.stream,) for one in LINE},
    PROJECTION: tuple(EVENTS),
}
"""Consumer group → the streams that it reads."""

_LOOKED_AT_AT_MOST = 1_000


def groups_of(stream: str) -> list[str]:
    """The consumer groups that read a stream."""
    return [group for group, streams in STREAMS.items() if stream in streams]


class WorkerInfo(Frozen):
    """What a living worker says about itself."""

    consumer: str
    service: str
    release: str
    stages: dict[str, str | None]
    """Stage → engine, where it has one."""

    models: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Stage → the models of its engine, by role; workers of earlier releases do not say."""

    lease: float = 30.0
    """Seconds that its deliveries stay on loan."""

    stopped: dict[str, datetime.datetime] = Field(default_factory=dict)
    """Stage that stands still although it should move → since when."""

    room: dict[str, float] = Field(default_factory=dict)
    """Stage that could take more → for how many seconds it has been able to, all the time."""


@dataclass(frozen=True)
class Backlog:
    """The work before one stage."""

    unread: int
    """Entries that nobody has read."""

    delayed: int
    """Units that were put aside for later."""

    pending: int
    """Entries on loan to a worker."""

    oldest: float | None
    """Seconds since the oldest entry that is unread or on loan was added to its stream; `None` if there is none."""

    attempts: int
    """The most that a unit on loan or put aside has begun, over all entries that carried it."""

    repeated: int
    """Units on loan or put aside that were begun before."""

    oldest_unread: float | None
    """Seconds since the oldest entry that nobody has read was added to its stream."""


@dataclass(frozen=True)
class StreamSize:
    """What a stream takes."""

    length: int
    memory_bytes: int


@dataclass(frozen=True)
class StageView:
    """A stage as the streams know it."""

    workers: tuple[WorkerInfo, ...]
    backlog: Backlog

    def engines(self, stage: str) -> tuple[str, ...]:
        """The engines that its workers use."""
        return tuple(sorted({engine for one in self.workers if (engine := one.stages[stage]) is not None}))

    def stopped(self, stage: str) -> dict[str, datetime.datetime]:
        """Its workers that live and say that it stands still in them → since when."""
        return {one.consumer: one.stopped[stage] for one in self.workers if stage in one.stopped}


class Heartbeat:
    """Says that a worker lives."""

    def __init__(self, redis: Redis, info: WorkerInfo, *, lifetime: float) -> None:
        self._redis = redis
        self._info = info
        self._lifetime = lifetime

    @property
    def period(self) -> float:
        """Seconds between two beats: a few may fail before the sign lapses."""
        return self._lifetime / 4

    async def beat(
        self, *, stopped: Mapping[str, datetime.datetime] | None = None, room: Mapping[str, float] | None = None
    ) -> None:
        """Refresh the sign of life; `stopped` and `room` as in `WorkerInfo`."""
        info = self._info.model_copy(update={"stopped": dict(stopped or {}), "room": dict(room or {})})
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(worker_key(self._info.consumer), info.model_dump_json(), px=int(self._lifetime * 1000))
            pipe.zadd(WORKERS, {self._info.consumer: time.time()})
            await pipe.execute()

    async def stop(self) -> None:
        """Leave the list of the living."""
        await self._redis.delete(worker_key(self._info.consumer))
        await self._redis.zrem(WORKERS, self._info.consumer)


async def alive(redis: Redis, consumers: Collection[str]) -> set[str]:
    """Those of some consumers whose worker refreshed its key in time."""
    names = sorted(consumers)
    signs = await redis.mget([worker_key(name) for name in names]) if names else []
    return {name for name, sign in zip(names, signs, strict=True) if sign is not None}


async def living_workers(redis: Redis) -> list[WorkerInfo]:
    """All workers that refreshed their key in time."""
    names = [str(name) for name in await redis.zrange(WORKERS, 0, -1)]
    texts = await redis.mget([worker_key(name) for name in names]) if names else []
    return [WorkerInfo.model_validate_json(text) for text in texts if text]


async def survey(redis: Redis, scripts: Scripts) -> dict[str, StageView]:
    """Every stage of the line, and the projection."""
    workers = await living_workers(redis)
    return {
        stage: StageView(
            workers=tuple(one for one in workers if stage in one.stages),
            backlog=_together([await backlog(scripts, stream=stream, group=stage) for stream in streams]),
        )
        for stage, streams in STREAMS.items()
    }


async def backlog(
    scripts: Scripts,
    *,
    stream: str,
    group: str,
    looked_at_at_most: int = _LOOKED_AT_AT_MOST,
) -> Backlog:
    """The work before one stage, on one stream; of so many units the attempts are counted."""
    unread, delayed, pending, age_ms, attempts, repeated, unread_ms = await scripts.backlog(
        keys=[stream_key(stream), delayed_key(group), waiting_entries_key(group)],
        args=[group, PAGE, looked_at_at_most],
    )
    if unread < 0:
        unread = await scripts.unread.of(stream_key(stream), group)
    return Backlog(unread, delayed, pending, _age(age_ms), attempts, repeated, _age(unread_ms))


def _age(milliseconds: int) -> float | None:
    return milliseconds / 1000 if milliseconds >= 0 else None


async def stream_sizes(redis: Redis) -> dict[str, StreamSize]:
    """What each stream takes."""
    async with redis.pipeline(transaction=False) as pipe:
        for stream in EVENTS:
            pipe.xlen(stream_key(stream))
            pipe.memory_usage(stream_key(stream))
        answers = await pipe.execute()
    pairs = zip(answers[::2], answers[1::2], strict=True)
    return {stream: StreamSize(length, memory or 0) for stream, (length, memory) in zip(EVENTS, pairs, strict=True)}


def _together(backlogs: Sequence[Backlog]) -> Backlog:
    return Backlog(
        unread=sum(one.unread for one in backlogs),
        delayed=sum(one.delayed for one in backlogs),
        pending=sum(one.pending for one in backlogs),
        oldest=max((one.oldest for one in backlogs if one.oldest is not None), default=None),
        attempts=max(one.attempts for one in backlogs),
        repeated=sum(one.repeated for one in backlogs),
        oldest_unread=max((one.oldest_unread for one in backlogs if one.oldest_unread is not None), default=None),
    )
