"""What the runs of a deleted meeting have left in Redis: cached results, progress, entries and what belongs to them."""

import datetime
from collections.abc import AsyncIterator, Sequence

from asyncpg import Record
from redis.asyncio import Redis

from libs.common.events import EVENTS
from libs.common.line import LINE
from libs.common.streams.keys import delayed_key, marker_key, moved_key, stream_key, waiting_entries_key
from libs.common.streams.monitor import groups_of
from libs.common.streams.scripts import Scripts
from services.gateway.runs.live_progress import forget_progress
from services.gateway.runs.results import forget_results

_LOOKED_AT_AT_ONCE = 1000
_CLOCKS_APART = datetime.timedelta(minutes=5)
"""At most, of Postgres and Redis: entry ids are times of the one, runs have times of the other."""


async def erase_traces(redis: Redis, scripts: Scripts, runs: Sequence[Record]) -> None:
    """Remove what is left of runs that have ended, idempotently; what comes still later is trimmed in its time.

    Raises:
        RedisError: Redis did not answer.
    """
    for run in runs:
        run_id = str(run["id"])
        await forget_results(redis, run_id, version=run["version"])
        await forget_progress(redis, run_id)
        for position in LINE:
            await _forget_units(redis, position.stage, run_id)
        first, last = _entry_id(run["created_at"] - _CLOCKS_APART), _entry_id(run["ended_at"] + _CLOCKS_APART)
        for stream in EVENTS:
            async for fact in _erase_entries(scripts, stream, first, last, run_id):
                await redis.delete(marker_key(fact.rpartition("#")[0]))


async def _forget_units(redis: Redis, stage: str, run_id: str) -> None:
    """Units of the run that wait for later, or were added to their stream again."""
    async for unit, _ in redis.hscan_iter(moved_key(stage), match=f"{run_id}/*"):
        await redis.hdel(moved_key(stage), str(unit))
    async for unit, _ in redis.zscan_iter(delayed_key(stage), match=f"{run_id}/*"):
        await redis.hdel(waiting_entries_key(stage), str(unit))  # first, because the other says what is left to do
        await redis.zrem(delayed_key(stage), str(unit))


async def _erase_entries(scripts: Scripts, stream: str, first: str, last: str, run_id: str) -> AsyncIterator[str]:
    """The facts whose entries were removed."""
    begin = first
    while begin:
        args: list[str | int] = [begin, last, _LOOKED_AT_AT_ONCE, f"{run_id}/", *groups_of(stream)]
        facts, end = await scripts.erase(keys=[stream_key(stream)], args=args)
        for fact in facts:
            yield str(fact)
        begin = f"({end}" if end else ""


def _entry_id(moment: datetime.datetime) -> str:
    return str(max(0, int(moment.timestamp() * 1000)))
