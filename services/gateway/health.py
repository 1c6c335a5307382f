"""Looks at the gateway's dependencies and at the whole line."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import PipelineError
from libs.common.release import RELEASE
from libs.common.runtime.motion import usual_patience
from libs.common.status.answers import DependencyState
from libs.common.status.dependencies import PATIENCE, PROBE, look_at
from libs.common.storage import ObjectStore
from libs.common.streams.monitor import StageView, survey
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database, load_queries
from services.gateway.embedding_models import models_in_use
from services.gateway.schemas.health import DependencyHealth, Health, Readiness, StageHealth, StoppedWorker
from services.gateway.shared_look import SharedLook

FRESH = 1.0
"""Seconds for which an answer is given again."""

_SQL = load_queries("voiceprints")
_UNTOLD = "it does not answer as it should; who sends an API key reads here what it says"

Reader = Callable[[], Awaitable[bool]]
"""Whether who asks may read what servers say: that names addresses and buckets. Asked only if there is such a thing."""


async def nobody() -> bool:
    """A reader of states alone."""
    return False


@dataclass(frozen=True)
class _Line:
    """The stages, and what is worth knowing of them though it is no fault."""

    stages: Mapping[str, StageHealth] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class HealthCheck:
    """Answers `/health` and `/ready`; the servers are asked once in a moment, because everybody may ask for these."""

    def __init__(
        self, database: Database, store: ObjectStore, redis: Redis, scripts: Scripts, *, fresh: float = FRESH
    ) -> None:
        """`fresh`: seconds for which one look serves all who ask."""
        self._database = database
        self._store = store
        self._redis = redis
        self._scripts = scripts
        self._dependencies = SharedLook(self._look_at_dependencies, fresh=fresh)
        self._line = SharedLook(self._look_at_line, fresh=fresh)

    async def readiness(self, reader: Reader = nobody) -> Readiness:
        """Only what this gateway needs itself."""
        dependencies = await _shown(await self._dependencies(), reader)
        is_up = all(one.status == "up" for one in dependencies.values())
        return Readiness(status="ok" if is_up else "degraded", dependencies=dependencies)

    async def health(self, reader: Reader = nobody) -> Health:
        """The dependencies and every stage."""
        found = await self._dependencies()
        line = await self._line() if found["redis"].status == "up" else _Line()
        dependencies = await _shown(found, reader)
        problems = (*_dependency_problems(dependencies), *_stage_problems(line.stages))
        return Health(
            status="degraded" if problems else "ok",
            release=RELEASE,
            dependencies=dependencies,
            stages=dict(line.stages),
            problems=problems,
            notes=line.notes,
        )

    async def _look_at_dependencies(self) -> Mapping[str, DependencyState]:
        return await look_at(
            {
                "postgres": lambda: self._database.execute("SELECT 1"),
                "redis": self._redis.ping,
                "object_store": lambda: self._store.exists(PROBE),
            }
        )

    async def _look_at_line(self) -> _Line:
        stages = await self._stages()
        is_asked = stages and (await self._dependencies())["postgres"].status == "up"
        return _Line(stages, await self._voiceprint_notes() if is_asked else ())

    async def _stages(self) -> dict[str, StageHealth]:
        try:
            async with asyncio.timeout(PATIENCE):
                views = await survey(self._redis, self._scripts)
        except (RedisError, OSError, TimeoutError):
            return {}  # it went away in between; the next look says so
        return {stage: _stage(stage, view) for stage, view in views.items()}

    async def _voiceprint_notes(self) -> tuple[str, ...]:
        """Whether voices are embedded with another model than those that are enrolled."""
        models = await models_in_use(self._redis)
        if len(models) > 1:
            several = f"diarizers embed with different models: {', '.join(models)}"
            return (f"{several}; a speaker is recognized only by the model that made the voiceprint",)
        try:
            async with asyncio.timeout(PATIENCE):
                others = await self._database.fetch_one(_SQL["count_other_models"], models[0]) if models else None
        except (PipelineError, TimeoutError):
            return ()  # it went away in between; the next look says so
        if others is None or not others["samples"]:
            return ()
        return (
            f"enrolment samples without a voiceprint of {models[0]}, with which voices are embedded now: "
            f"{others['samples']}, in {others['workspaces']} of the workspaces; `hansard speakers re-embed` makes them",
        )


async def _shown(found: Mapping[str, DependencyState], reader: Reader) -> dict[str, DependencyHealth]:
    is_told = any(one.error for one in found.values()) and await reader()
    return {name: _dependency(one, is_told=is_told) for name, one in found.items()}


def _dependency(state: DependencyState, *, is_told: bool) -> DependencyHealth:
    error = state.error if is_told or state.error is None else _UNTOLD
    return DependencyHealth(status=state.status, latency=state.latency, error=error)


def _stage(name: str, view: StageView) -> StageHealth:
    return StageHealth(
        workers=len(view.workers),
        engines=view.engines(name),
        waiting=view.backlog.unread + view.backlog.delayed,
        pending=view.backlog.pending,
        oldest=view.backlog.oldest,
        stopped=tuple(StoppedWorker(consumer=one, since=since) for one, since in view.stopped(name).items()),
        left_unread=_left_unread(name, view),
    )


def _left_unread(name: str, view: StageView) -> float | None:
    """The age of the oldest unread entry, if a worker could have read it for longer than it may stand still.

    A worker says at each sign of life for how long it has had room; an entry that was there all that time and is still
    unread was not passed over because the line is busy. The sign is younger than a lease.
    """
    age = view.backlog.oldest_unread or 0.0
    bounds = [usual_patience(one.lease) for one in view.workers if one.room.get(name, 0.0) > usual_patience(one.lease)]
    return age if any(age > 2 * bound for bound in bounds) else None


def _dependency_problems(dependencies: Mapping[str, DependencyHealth]) -> list[str]:
    return [f"{name} is down: {one.error}" for name, one in dependencies.items() if one.status == "down"]


def _stage_problems(stages: Mapping[str, StageHealth]) -> Iterator[str]:
    for name, one in stages.items():
        if one.workers == 0:
            yield f"{name} has {'work and ' if one.has_work_alone else ''}no living worker"
        for worker in one.stopped:
            since = f"{worker.since:%Y-%m-%d %H:%M:%SZ}"
            yield f"{name} has stood still in {worker.consumer} since {since}; start that process again"
        if one.left_unread is not None:
            yield f"{name} has left an entry unread for {one.left_unread:.0f} s although a worker has room"
