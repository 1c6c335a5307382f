"""Looks at the gateway's dependencies and at the whole line."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import PipelineError
from libs.common.release import RELEASE
from libs.common.storage import ObjectStore
from libs.common.streams.monitor import StageView, survey
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database, load_queries
from services.gateway.embedding_models import models_in_use
from services.gateway.schemas.health import DependencyHealth, Health, Readiness, StageHealth

_SQL = load_queries("voiceprints")
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
        notes = await self._voiceprint_notes() if stages and dependencies["postgres"].status == "up" else ()
        return Health(
            status="degraded" if problems else "ok",
            release=RELEASE,
            dependencies=dependencies,
            stages=stages,
            problems=problems,
            notes=notes,
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
                views = await survey(self.redis, self.scripts)
        except (RedisError, OSError, TimeoutError):
            return {}  # it went away in between; the next look says so
        return {stage: _stage(stage, view) for stage, view in views.items()}

    async def _voiceprint_notes(self) -> tuple[str, ...]:
        """Whether voices are embedded with another model than those that are enrolled."""
        models = await models_in_use(self.redis)
        if len(models) > 1:
            several = f"diarizers embed with different models: {', '.join(models)}"
            return (f"{several}; a speaker is recognized only by the model that made the voiceprint",)
        try:
            async with asyncio.timeout(_PATIENCE):
                others = await self.database.fetch_one(_SQL["count_other_models"], models[0]) if models else None
        except (PipelineError, TimeoutError):
            return ()  # it went away in between; the next look says so
        if others is None or not others["samples"]:
            return ()
        return (
            f"enrolment samples without a voiceprint of {models[0]}, with which voices are embedded now: "
            f"{others['samples']}, in {others['workspaces']} of the workspaces; `hansard speakers re-embed` makes them",
        )


def _stage(name: str, view: StageView) -> StageHealth:
    return StageHealth(
        workers=len(view.workers),
        engines=view.engines(name),
        waiting=view.backlog.unread + view.backlog.delayed,
        pending=view.backlog.pending,
        oldest=view.backlog.oldest,
    )


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
