"""Removes old entries that every group has read, with their markers, and consumers that are gone."""

import datetime
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from libs.common.events import EVENTS
from libs.common.line import CONSUMERS
from libs.common.streams.entry import Entry
from libs.common.streams.keys import WORKERS, marker_key, stream_key, worker_key
from libs.common.streams.monitor import groups_of
from libs.common.streams.scripts import Scripts
from services.gateway.intake.acceptance import ACCEPT

_BATCH = 500

_log = structlog.get_logger(__name__)


class Trimmer:
    """Works on all streams; never past what a required group has not acknowledged."""

    def __init__(self, redis: Redis, scripts: Scripts, *, keep: datetime.timedelta) -> None:
        """`keep`: how long entries stay for replay and inspection."""
        self._redis = redis
        self._scripts = scripts
        self._keep_ms = int(keep.total_seconds() * 1000)

    async def trim(self) -> int:
        """One pass; returns how many entries were removed."""
        return sum([await self._trim_stream(stream) for stream in EVENTS])

    async def reap(self) -> int:
        """Remove consumers that own nothing and whose process is gone; returns how many."""
        await self._reap_workers()
        return sum([await self._reap_group(stream, group) for stream in EVENTS for group in groups_of(stream)])

    async def _trim_stream(self, stream: str) -> int:
        key, trimmed = stream_key(stream), 0
        while True:
            safe, _ = await self._scripts.trim(keys=[key], args=[self._keep_ms, "", *groups_of(stream)])
            if str(safe).startswith("missing") or safe == "0-0":
                return trimmed
            entries = await self._redis.xrange(key, max=f"({safe}", count=_BATCH) or []
            if not entries:
                return trimmed
            batch = [(str(id_), cast(dict[str, str], fields)) for id_, fields in entries]
            markers = [marker for _, fields in batch for marker in _markers(stream, fields)]
            last = batch[-1][0]
            after = _next_id(last)
            _, removed = await self._scripts.trim(keys=[key, *markers], args=[self._keep_ms, after, *groups_of(stream)])
            if not removed:
                return trimmed
            trimmed += int(removed)

    async def _reap_workers(self) -> None:
        names = [str(name) for name in await self._redis.zrange(WORKERS, 0, -1)]
        alive = await self._redis.mget([worker_key(name) for name in names]) if names else []
        dead = [name for name, sign in zip(names, alive, strict=True) if sign is None]
        if dead:
            await self._redis.zrem(WORKERS, *dead)

    async def _reap_group(self, stream: str, group: str) -> int:
        try:
            consumers = await self._redis.xinfo_consumers(stream_key(stream), group)
        except ResponseError:
            return 0
        names = [str(one["name"]) for one in consumers]
        if not names:
            return 0
        keys = [stream_key(stream), *(worker_key(name) for name in names)]
        return int(await self._scripts.reap(keys=keys, args=[group, *names]))


def _markers(stream: str, fields: dict[str, str]) -> list[str]:
    """The markers that nothing needs without this entry.

    That of the unit that it was the input of, and that of its acceptance, which had no input.
    """
    position = CONSUMERS.get(stream)
    if position is None:
        return []
    try:
        entry = Entry.parse(stream_key(stream), fields)
        units = [position.unit(EVENTS[stream].model_validate_json(entry.event)), entry.publisher]
    except ValueError:
        return []
    return [marker_key(unit.id) for unit in units if unit.stage in (position.stage, ACCEPT)]


def _next_id(entry_id: str) -> str:
    milliseconds, sequence = entry_id.split("-")
    return f"{milliseconds}-{int(sequence) + 1}"
