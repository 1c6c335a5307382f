"""With which model voices are embedded now: only the living diarizers know."""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.streams.monitor import living_workers
from services.gateway.errors import EmbeddingModelUnknown, SeveralEmbeddingModels

_PATIENCE = 3.0

_log = structlog.get_logger(__name__)


async def models_in_use(redis: Redis) -> tuple[str, ...]:
    """Ids of the embedding models of all living workers that enrol; none while Redis does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE):
            workers = await living_workers(redis)
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("nobody can say with which model voices are embedded", error=str(error))
        return ()
    found = {model for one in workers if (model := one.models.get("enroll", {}).get("embedding")) is not None}
    return tuple(sorted(found))


async def model_in_use(redis: Redis) -> str | None:
    """The one model of all living diarizers; `None` while there is none or more than one."""
    models = await models_in_use(redis)
    return models[0] if len(models) == 1 else None


async def need_model_in_use(redis: Redis) -> str:
    """The one model of all living diarizers.

    Raises:
        EmbeddingModelUnknown, SeveralEmbeddingModels: There is none, or more than one.
    """
    models = await models_in_use(redis)
    if not models:
        raise EmbeddingModelUnknown(
            "no living diarizer says with which model it embeds; start one, and look at /health until it is there"
        )
    if len(models) > 1:
        raise SeveralEmbeddingModels(
            f"living diarizers embed with different models: {', '.join(models)}; "
            "ask again when only those of one engine are left"
        )
    return models[0]
