"""When to try again."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis import exceptions as redis_errors
from redis.exceptions import RedisError

from libs.common.errors import StorageUnavailable

R = TypeVar("R")

_OUTAGES = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.NoScriptError,
    redis_errors.TryAgainError,
    redis_errors.ClusterDownError,
    redis_errors.MasterDownError,
    OSError,
    StorageUnavailable,
)
_OUT_OF_ORDER = re.compile(
    r"\b(OOM|MISCONF|READONLY|NOREPLICAS|NOSCRIPT|BUSY|LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b"
)
"""In answers that have no class of their own. Inside a script even a full memory, which is backpressure, has none."""

_log = structlog.get_logger(__name__)


def is_outage(error: BaseException) -> bool:
    """Whether Redis or the store is out of order: waiting helps, and nobody is to blame."""
    if isinstance(error, redis_errors.AuthenticationError):
        return False
    if isinstance(error, _OUTAGES):
        return True
    return isinstance(error, redis_errors.ResponseError) and _OUT_OF_ORDER.search(str(error)) is not None


def backoff(attempt: int, *, base: float = 1.0, cap: float = 300.0) -> float:
    """Seconds before the next attempt: exponential with full jitter."""
    return random.uniform(0, min(cap, base * 2.0**attempt))  # noqa: S311 - spreads load, hides nothing


def postponement(waited: float) -> float:
    """Seconds until a unit that has waited so long looks again whether an outage is over.

    They grow with the outage, so that a short one costs little and a long one gets few looks; with full jitter.
    """
    return 1.0 + random.uniform(0, min(31.0, 1.0 + waited))  # noqa: S311 - spreads load, hides nothing


def short_backoff(failures: int) -> float:
    """Seconds before an outage is looked at again: a twentieth of a second to five."""
    return 0.05 + backoff(min(failures, 10), base=0.1, cap=5.0)


async def until_answered(call: Callable[[], Awaitable[R]]) -> R:
    """Repeat an idempotent call until Redis and the store answer: their outage costs no attempt."""
    failures = 0
    while True:
        try:
            return await call()
        except (RedisError, OSError, StorageUnavailable) as error:
            if not is_outage(error):
                raise
            failures += 1
            _log.warning("waiting for an answer", error=str(error), failures=failures)
            await asyncio.sleep(short_backoff(failures))
