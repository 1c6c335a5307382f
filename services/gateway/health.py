"""Looks at the gateway's dependencies and at the whole line."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import PipelineError
from libs.common.events import EVENTS
from libs.common.line import LINE
from libs.common.release import RELEASE
from libs.common.storage import ObjectStore
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import Backlog, WorkerInfo, backlog, living_workers
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database
from services.gateway.schemas.health import DependencyHealth, Health, Readiness, StageHealth

_PATIENCE = 3.0
_PROBE = "probes/health"


@dataclass(frozen=True)
class HealthCheck:
    """Answers `/health` and `/ready`."""

    database: Database
    store: ObjectStore
    redis: Redis
    scripts: Scripts

    async def readiness(self) -> Readiness:
        """Only what this gateway needs itself."""
        dependencies = await self._dependencies()
        is_up = all(one.status == "up" for one in dependencies.values())
        return Readiness(status="ok" if is_up else "degraded", dependencies=dependencies)

    async def health(self) -> Health:
        """The dependencies and every stage."""
        dependencies = await self._dependencies()
        stages = await self._stages() if dependencies["redis"].status == "up" else {}
        problems = (*_dependency_problems(dependencies), *_stage_problems(stages))
        return Health(
            status="degraded" if problems else "ok",
            release=RELEASE,
            dependencies=dependencies,
            stages=stages,
            problems=problems,
        )

    async def _dependencies(self) -> dict[str, DependencyHealth]:
        checks: dict[str, Callable[[], Awaitable[object]]] = {
            "postgres": lambda: self.database.execute("SELECT 1"),
            "redis": self.redis.ping,
            "object_store": lambda: self.store.exists(_PROBE),
        }
        found = await asyncio.gather(*(_checked(check) for check in checks.values()))
        return dict(zip(checks, found, strict=True))

    async def _stages(self) -> dict[str, StageHealth]:
        try:
            async with asyncio.timeout(_PATIENCE):
                workers = await living_workers(self.redis)
                return {
                    **{one.stage: await self._stage(one.stage, [one.consumes.stream], workers) for one in LINE},
                    PROJECTION: await self._stage(PROJECTION, EVENTS, workers),
                }
        except (RedisError, OSError, TimeoutError):
            return {}  # it went away in between; the next look says so

    async def _stage(self, stage: str, streams: Iterable[str], workers: Iterable[WorkerInfo]) -> StageHealth:
        backlogs = [await backlog(self.scripts, stream=stream, group=stage) for stream in streams]
        living = [one for one in workers if stage in one.stages]
        return StageHealth(
            workers=len(living),
            engines=tuple(sorted({engine for one in living if (engine := one.stages[stage]) is not None})),
            waiting=sum(one.waiting for one in backlogs),
            pending=sum(one.pending for one in backlogs),
            oldest=_oldest(backlogs),
        )


def _oldest(backlogs: Iterable[Backlog]) -> float | None:
    return max((one.oldest for one in backlogs if one.oldest is not None), default=None)


async def _checked(check: Callable[[], Awaitable[object]]) -> DependencyHealth:
    began = time.monotonic()
    error = None
    try:
        async with asyncio.timeout(_PATIENCE):
            await check()
    except (PipelineError, RedisError, OSError, TimeoutError) as fault:
        error = str(fault) or f"no answer within {_PATIENCE:.0f} s"
    return DependencyHealth(
        status="up" if error is None else "down", latency=round(time.monotonic() - began, 4), error=error
    )


def _dependency_problems(dependencies: Mapping[str, DependencyHealth]) -> list[str]:
    return [f"{name} is down: {one.error}" for name, one in dependencies.items() if one.status == "down"]


def _stage_problems(stages: Mapping[str, StageHealth]) -> list[str]:
    return [
        f"{name} has {'work and ' if one.is_stuck else ''}no living worker"
        for name, one in stages.items()
        if one.workers == 0
    ]
