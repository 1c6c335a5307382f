"""How far the units in hand are, as their workers say in Redis. Without Redis nothing is known, and nothing breaks."""

import datetime
from collections.abc import Mapping

import structlog
from pydantic import Field, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.speech import Frozen
from libs.common.streams.keys import progress_key

_log = structlog.get_logger(__name__)


class LiveUnit(Frozen):
    """A unit that a worker has in hand."""

    started_at: datetime.datetime
    fraction: float = Field(ge=0, le=1)
    attempt: int = Field(ge=1)


async def live_units(redis: Redis, run_id: str) -> Mapping[str, LiveUnit]:
    """Unit name → how far it is."""
    try:
        values = await redis.hgetall(progress_key(run_id))
    except (RedisError, OSError) as error:
        _log.warning("live progress is out of reach", error=str(error))
        return {}
    return {str(name): unit for name, value in values.items() if (unit := _parsed(value)) is not None}


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
