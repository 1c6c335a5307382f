"""How far the units in hand are, as their workers say in Redis. Without Redis nothing is known, and nothing breaks."""

import datetime
from collections.abc import Mapping

import structlog
from pydantic import Field, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.speech import Frozen
from libs.common.streams.keys import progress_key
from libs.common.streams.monitor import alive

_log = structlog.get_logger(__name__)


class LiveUnit(Frozen):
    """A unit that a worker has in hand."""

    started_at: datetime.datetime
    fraction: float = Field(ge=0, le=1)
    attempt: int = Field(ge=1)
    consumer: str | None = None
    """Who has it; a worker of an older release does not say so."""


async def live_units(redis: Redis, run_id: str) -> Mapping[str, LiveUnit]:
    """Unit name → how far it is. What a worker had in hand that was killed is in nobody's hand."""
    try:
        values = await redis.hgetall(progress_key(run_id))
        units = {str(name): unit for name, value in values.items() if (unit := _parsed(value)) is not None}
        living = await alive(redis, {one.consumer for one in units.values() if one.consumer})
    except (RedisError, OSError) as error:
        _log.warning("live progress is out of reach", error=str(error))
        return {}
    return {name: one for name, one in units.items() if one.consumer is None or one.consumer in living}


async def forget_progress(redis: Redis, run_id: str) -> None:
    """Remove what workers that were killed have left of a run that has ended; without Redis it expires."""
    try:
        await redis.delete(progress_key(run_id))
    except (RedisError, OSError) as error:
        _log.warning("live progress is out of reach", error=str(error))


def _parsed(value: str | bytes) -> LiveUnit | None:
    try:
        return LiveUnit.model_validate_json(value)
    except ValidationError:
        return None  # of another release
