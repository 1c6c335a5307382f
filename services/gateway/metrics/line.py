"""The line as Redis and Postgres have it now. All gateways report the same, so the maximum over replicas counts.

Only of what answers them each says what it sees itself: the minimum shows the one that does not reach a server.

The servers are asked when somebody scrapes, at most once in a few seconds and never for longer than a time limit. What
one that is down would have said is left out, so that no old figure passes for a new one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import PipelineError
from libs.common.metrics.metric import GaugeMetric, Metric
from libs.common.streams.monitor import StageView, StreamSize, stream_sizes, survey
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database, load_queries
from services.gateway.health import HealthCheck
from services.gateway.shared_look import SharedLook

PATIENCE = 3.0
"""Seconds that a server gets to answer; Prometheus waits for ten."""

FRESH = 3.0
"""Seconds for which an answer is shown again."""

UP = GaugeMetric(
    name="hansard_up", text="1 if the dependency answers this gateway, 0 if not.", labels=("dependency",), over="min"
)
WAITING = GaugeMetric(
    name="hansard_stage_waiting_units", text="Units that nobody has read.", labels=("stage",), over="max"
)
DELAYED = GaugeMetric(
    name="hansard_stage_delayed_units", text="Units put aside for later.", labels=("stage",), over="max"
)
PENDING = GaugeMetric(
    name="hansard_stage_pending_units", text="Units on loan to a worker.", labels=("stage",), over="max"
)
OLDEST = GaugeMetric(
    name="hansard_stage_oldest_age_seconds",
    text="Seconds since the oldest unit that is unread or on loan was added; 0 if there is none.",
    labels=("stage",),
    over="max",
)
WORKERS = GaugeMetric(
    name="hansard_stage_workers", text="Living workers; of projection, gateways.", labels=("stage",), over="max"
)
STOPPED = GaugeMetric(
    name="hansard_stage_stopped_workers",
    text="Workers that live and say that this stage of theirs stands still; of projection, gateways.",
    labels=("stage",),
    over="max",
)
STREAM_LENGTH = GaugeMetric(
    name="hansard_stream_entries", text="Entries that a stream keeps.", labels=("stream",), over="max"
)
STREAM_MEMORY = GaugeMetric(
    name="hansard_stream_memory_bytes", text="Memory that a stream takes in Redis.", labels=("stream",), over="max"
)
REDIS_MEMORY = GaugeMetric(
    name="hansard_redis_memory_used_bytes", text="Memory that Redis takes for its data.", over="max"
)
REDIS_LIMIT = GaugeMetric(
    name="hansard_redis_memory_limit_bytes", text="Redis's maxmemory; 0 if it has none.", over="max"
)
OUTBOX_WAITING = GaugeMetric(
    name="hansard_outbox_waiting_units", text="Units in Postgres that the relay has yet to publish.", over="max"
)
OUTBOX_OLDEST = GaugeMetric(
    name="hansard_outbox_oldest_age_seconds",
    text="Seconds since the oldest of them was written; 0 if none.",
    over="max",
)

METRICS: tuple[Metric, ...] = (
    UP,
    WAITING,
    DELAYED,
    PENDING,
    OLDEST,
    WORKERS,
    STOPPED,
    STREAM_LENGTH,
    STREAM_MEMORY,
    REDIS_MEMORY,
    REDIS_LIMIT,
    OUTBOX_WAITING,
    OUTBOX_OLDEST,
)

R = TypeVar("R")
_SQL = load_queries("metrics")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Streams:
    """What Redis says."""

    stages: Mapping[str, StageView]
    sizes: Mapping[str, StreamSize]
    memory_bytes: int
    limit_bytes: int


@dataclass(frozen=True)
class _Outbox:
    """What Postgres says; `oldest` in seconds."""

    waiting: int
    oldest: float


@dataclass(frozen=True)
class _State:
    """The newest look; `None` is what a server did not say."""

    up: Mapping[str, bool] = field(default_factory=dict)
    streams: _Streams | None = None
    outbox: _Outbox | None = None


class LineGauges:
    """A collector that shows what `refresh` saw."""

    def __init__(
        self, registry: CollectorRegistry, database: Database, redis: Redis, scripts: Scripts, health: HealthCheck
    ) -> None:
        self._database = database
        self._redis = redis
        self._scripts = scripts
        self._health = health
        self._state = _State()
        self._newest = SharedLook(self._look, fresh=FRESH)
        registry.register(self)

    async def refresh(self) -> None:
        """Look again, unless somebody has just done so."""
        self._state = await self._newest()

    async def _look(self) -> _State:
        readiness, streams, outbox = await asyncio.gather(
            self._health.readiness(), _answered(self._ask_redis), _answered(self._ask_postgres)
        )
        up = {name: one.status == "up" for name, one in readiness.dependencies.items()}
        return _State(up=up, streams=streams, outbox=outbox)

    async def _ask_redis(self) -> _Streams:
        memory = await self._redis.info("memory")
        return _Streams(
            stages=await survey(self._redis, self._scripts),
            sizes=await stream_sizes(self._redis),
            memory_bytes=int(memory["used_memory"]),
            limit_bytes=int(memory.get("maxmemory", 0)),
        )

    async def _ask_postgres(self) -> _Outbox:
        row = await self._database.fetch_one(_SQL["outbox"])
        assert row is not None, "a count has a row"
        return _Outbox(waiting=row["waiting"], oldest=row["oldest"])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As Prometheus's client asks for it."""
        state = self._state
        yield _by_label(UP, {name: float(is_up) for name, is_up in state.up.items()})
        if state.streams is not None:
            yield from _of_streams(state.streams)
        if state.outbox is not None:
            yield _alone(OUTBOX_WAITING, state.outbox.waiting)
            yield _alone(OUTBOX_OLDEST, state.outbox.oldest)


async def _answered(ask: Callable[[], Awaitable[R]]) -> R | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await ask()
    except (PipelineError, RedisError, OSError, TimeoutError) as error:
        _log.debug("left out of the metrics", error=str(error))
        return None


def _of_streams(streams: _Streams) -> Iterator[GaugeMetricFamily]:
    backlogs = {stage: view.backlog for stage, view in streams.stages.items()}
    yield _by_label(WAITING, {stage: one.unread for stage, one in backlogs.items()})
    yield _by_label(DELAYED, {stage: one.delayed for stage, one in backlogs.items()})
    yield _by_label(PENDING, {stage: one.pending for stage, one in backlogs.items()})
    yield _by_label(OLDEST, {stage: one.oldest or 0.0 for stage, one in backlogs.items()})
    yield _by_label(WORKERS, {stage: len(view.workers) for stage, view in streams.stages.items()})
    yield _by_label(STOPPED, {stage: len(view.stopped(stage)) for stage, view in streams.stages.items()})
    yield _by_label(STREAM_LENGTH, {stream: size.length for stream, size in streams.sizes.items()})
    yield _by_label(STREAM_MEMORY, {stream: size.memory_bytes for stream, size in streams.sizes.items()})
    yield _alone(REDIS_MEMORY, streams.memory_bytes)
    yield _alone(REDIS_LIMIT, streams.limit_bytes)


def _by_label(metric: GaugeMetric, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = metric.family()
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _alone(metric: GaugeMetric, value: float) -> GaugeMetricFamily:
    family = metric.family()
    family.add_metric([], value)
    return family
