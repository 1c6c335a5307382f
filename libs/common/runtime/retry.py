"""When to try again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis import exceptions as redis_errors

from libs.common.errors import StorageUnavailable

R = TypeVar("R")

REDIS_OUTAGE = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    OSError,
)
"""What Redis answers, or does not, while it is out of order. A full memory is backpressure."""

_log = structlog.get_logger(__name__)


def backoff(attempt: int, *, base: float = 1.0, cap: float = 300.0) -> float:
    """Seconds before the next attempt: exponential with full jitter."""
    return random.uniform(0, min(cap, base * 2.0**attempt))  # noqa: S311 - spreads load, hides nothing


async def until_answered(call: Callable[[], Awaitable[R]]) -> R:
    """Repeat an idempotent call until Redis and the store answer: their outage costs no attempt."""
    failures = 0
    while True:
        try:
            return await call()
        except (*REDIS_OUTAGE, StorageUnavailable) as error:
            _log.warning("waiting for an answer", error=str(error), failures=failures)
            failures += 1
            await asyncio.sleep(0.05 + backoff(failures, base=0.1, cap=5.0))
