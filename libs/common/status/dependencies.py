"""A look at the servers that a service needs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from redis.exceptions import RedisError

from libs.common.errors import PipelineError
from libs.common.redaction import redacted
from libs.common.status.answers import DependencyState

PATIENCE = 3.0
"""Seconds after which a server counts as down."""

PROBE = "probes/health"
"""An object that need not be there: the answer is what counts."""

Check = Callable[[], Awaitable[object]]
"""Ends if the server answers."""


async def look_at(checks: Mapping[str, Check]) -> dict[str, DependencyState]:
    """All of them at the same time."""
    found = await asyncio.gather(*(_checked(check) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def _checked(check: Check) -> DependencyState:
    began = time.monotonic()
    error = None
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except (PipelineError, RedisError, OSError, TimeoutError) as fault:
        error = redacted(str(fault)) or f"no answer within {PATIENCE:.0f} s"
    return DependencyState(
        status="up" if error is None else "down", latency=round(time.monotonic() - began, 4), error=error
    )
