"""Tells the workers to drop a run that has ended in Postgres. The reconciler repeats what Redis did not take."""

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.streams.keys import cancelled_key

_log = structlog.get_logger(__name__)


async def tell_workers(redis: Redis, run_ids: Sequence[str], *, lifetime: float) -> None:
    """Mark runs as cancelled, for `lifetime` seconds, for everybody who has or gets one of their units."""
    try:
        await _mark(redis, run_ids, lifetime)
    except (RedisError, OSError) as error:
        _log.warning("cancellation left to the reconciler", error=str(error))


async def restore_cancelled(redis: Redis, run_ids: Sequence[str], *, lifetime: float) -> None:
    """Mark them again unless Redis still knows all of them.

    Raises:
        RedisError: Redis did not answer.
    """
    if run_ids and await redis.exists(*map(cancelled_key, run_ids)) < len(run_ids):
        await _mark(redis, run_ids, lifetime)


async def _mark(redis: Redis, run_ids: Sequence[str], lifetime: float) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for run_id in run_ids:
            pipe.set(cancelled_key(run_id), "1", ex=max(1, int(lifetime)))
        await pipe.execute()
