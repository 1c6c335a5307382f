"""What the streams hold and who works on them, read without disturbing anything."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from redis.asyncio import Redis

from libs.common.speech import Frozen
from libs.common.streams.keys import WORKERS, delayed_key, stream_key, worker_key
from libs.common.streams.scripts import Scripts

_COUNTED_AT_MOST = 10_000


class WorkerInfo(Frozen):
    """What a living worker says about itself."""

    consumer: str
    service: str
    release: str
    stages: dict[str, str | None]
    """Stage → engine, where it has one."""


@dataclass(frozen=True)
class Backlog:
    """The work before one stage."""

    waiting: int
    """Entries that nobody has read, those put aside for later included."""

    pending: int
    """Entries on loan to a worker."""

    oldest: float | None
    """Seconds since the oldest of them was published; `None` if there is none."""


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

    async def beat(self) -> None:
        """Refresh the sign of life."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(worker_key(self._info.consumer), self._info.model_dump_json(), px=int(self._lifetime * 1000))
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


async def backlog(scripts: Scripts, *, stream: str, group: str) -> Backlog:
    """Waiting and pending entries of a stage."""
    waiting, pending, age_ms = await scripts.backlog(
        keys=[stream_key(stream), delayed_key(group)], args=[group, _COUNTED_AT_MOST]
    )
    return Backlog(waiting=waiting, pending=pending, oldest=age_ms / 1000 if age_ms >= 0 else None)
