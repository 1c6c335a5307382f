"""Tells the workers to drop a run that has ended in Postgres. The reconciler repeats what Redis did not take."""

from collections.abc import Iterable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.streams.keys import cancelled_key

CANCELLED_FOR = 2 * 24 * 3600
"""Seconds that a run is known as cancelled: longer than any unit may take or be postponed."""

log = structlog.get_logger(__name__)


async def tell_workers(redis: Redis, run_ids: Iterable[str]) -> None:
    """Mark runs as cancelled for everybody who has one of their units in hand."""
    try:
        for run_id in run_ids:
            await redis.set(cancelled_key(run_id), "1", ex=CANCELLED_FOR)
    except (RedisError, OSError) as error:
        log.warning("cancellation left to the reconciler", error=str(error))
