"""What the gateway holds while it runs, put together in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from libs.common.events import EVENTS
from libs.common.personas import load_personas
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from libs.common.streams.connection import connect
from libs.common.streams.scripts import Scripts
from libs.common.streams.tail import Tail
from services.gateway.background.erasures import Erasures
from services.gateway.background.galleries import Galleries
from services.gateway.backpressure import Backpressure
from services.gateway.database import Database
from services.gateway.deletion import Deletion
from services.gateway.draining import RequestsInHand
from services.gateway.enrolment import Enrolment
from services.gateway.health import HealthCheck
from services.gateway.intake.uploads import UploadLimits
from services.gateway.keys.callers import Callers
from services.gateway.meetings import Meetings
from services.gateway.metrics.counts import LineCounts
from services.gateway.metrics.gateway_metrics import GatewayMetrics
from services.gateway.metrics.line import LineGauges
from services.gateway.metrics.requests import RequestMetrics
from services.gateway.pipeline.dead import DeadLetters
from services.gateway.pipeline.history import EventHistory
from services.gateway.pipeline.overview import Overview
from services.gateway.pipeline.retries import Retries
from services.gateway.reembedding import Reembedding
from services.gateway.runs.cases import Cases
from services.gateway.runs.history import RunHistory
from services.gateway.runs.replay import Replays
from services.gateway.runs.results import ResultsReader
from services.gateway.settings import GatewaySettings
from services.gateway.speakers import Speakers


@dataclass(frozen=True)
class Gateway:
    """Dependencies and use cases."""

    database: Database
    callers: Callers
    store: ObjectStore
    redis: Redis
    scripts: Scripts
    outbox_waiting: asyncio.Event
    galleries_requested: asyncio.Event
    galleries: Galleries
    erasures: Erasures
    tail: Tail
    in_hand: RequestsInHand
    limits: UploadLimits
    backpressure: Backpressure
    personas: tuple[str, ...]
    health: HealthCheck
    metrics: GatewayMetrics

    def stop(self) -> None:
        """Let whoever follows events go, and give all other requests their time; nothing new is to come."""
        self.tail.close()
        self.in_hand.stop()

    @property
    def meetings(self) -> Meetings:
        return Meetings(self.database, self.store, self.redis, self.erasures, self.outbox_waiting, self.metrics.counts)

    @property
    def deletion(self) -> Deletion:
        return Deletion(self.database, self.redis, self.erasures)

    @property
    def results(self) -> ResultsReader:
        return ResultsReader(self.database, self.store, self.redis)

    @property
    def cases(self) -> Cases:
        return Cases(self.database, self.store)

    @property
    def replays(self) -> Replays:
        return Replays(self.database, self.store, self.personas, self.backpressure, self.outbox_waiting)

    @property
    def run_history(self) -> RunHistory:
        return RunHistory(self.database, self.store)

    @property
    def enrolment(self) -> Enrolment:
        return Enrolment(self.database, self.outbox_waiting)

    @property
    def speakers(self) -> Speakers:
        return Speakers(self.database, self.redis, self.galleries, self.erasures)

    @property
    def reembedding(self) -> Reembedding:
        return Reembedding(self.database, self.redis, self.outbox_waiting)

    @property
    def overview(self) -> Overview:
        return Overview(self.database, self.redis, self.scripts)

    @property
    def event_history(self) -> EventHistory:
        return EventHistory(self.database)

    @property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.database, self.store)

    @property
    def retries(self) -> Retries:
        return Retries(self.database, self.replays)


@asynccontextmanager
async def open_gateway(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    """A gateway without its work in the background. It opens also while Postgres or Redis is down.

    Raises:
        InvalidSettings: The object store cannot be used, or a persona file is wrong.
    """
    store = ObjectStore.open(settings.object_store_url)
    personas = load_personas(settings.personas_dir).ids
    database = await Database.open(settings.postgres_url, max_connections=settings.postgres_connections)
    redis = connect(settings.redis_url)
    tail = Tail(redis, list(EVENTS))
    scripts, requested = Scripts(redis), asyncio.Event()
    health = HealthCheck(database, store, redis, scripts)
    metrics = _metrics(database, redis, scripts, health)
    try:
        yield Gateway(
            database=database,
            callers=Callers(database, is_key_required=settings.is_key_required),
            store=store,
            redis=redis,
            scripts=scripts,
            outbox_waiting=asyncio.Event(),
            galleries_requested=requested,
            galleries=Galleries(database, store, RedisCache(redis), requested),
            erasures=Erasures(
                database, store, redis, scripts, keep_days=settings.keep_days, sweep_age=settings.sweep_age
            ),
            tail=tail,
            in_hand=RequestsInHand(grace=settings.grace),
            limits=UploadLimits(max_bytes=settings.max_upload_bytes, max_silence=settings.max_upload_silence),
            backpressure=Backpressure(database, scripts, metrics.counts, limit=settings.backlog_limit),
            personas=personas,
            health=health,
            metrics=metrics,
        )
    finally:
        await tail.aclose()
        await redis.aclose()
        await database.close()


def _metrics(database: Database, redis: Redis, scripts: Scripts, health: HealthCheck) -> GatewayMetrics:
    registry = CollectorRegistry()
    return GatewayMetrics(
        registry=registry,
        counts=LineCounts(registry),
        requests=RequestMetrics(registry),
        line=LineGauges(registry, database, redis, scripts, health),
    )
