"""A sample in Postgres as acceptance leaves it, and what the gateway does with it, for tests of the background work."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from libs.common.events import EVENTS, Event, SampleAccepted
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.speech import EmbeddingModel, SpeakerEmbedding
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import PROJECTION, stream_key
from libs.common.streams.queue import Publisher, consumer_name
from libs.common.streams.reader import GroupReader
from libs.common.streams.scripts import Scripts
from services.gateway.background.erasures import Erasures
from services.gateway.background.galleries import Galleries
from services.gateway.background.outbox import Relay
from services.gateway.background.projection import Projection
from services.gateway.background.reconciler import Reconciler
from services.gateway.background.records import Records
from services.gateway.database import Database
from services.gateway.metrics.counts import LineCounts
from tests.integration.line import REPORT, until

MODEL = EmbeddingModel(name="test", revision="1", dimension=2)
VOICE = SpeakerEmbedding(model=MODEL, vector=(0.6, 0.8))


async def accept_sample(database: Database) -> SampleAccepted:
    """What one transaction of the enrolment route writes."""
    speaker, sample, run = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    event = SampleAccepted(
        workspace="default", run_id=str(run), speaker_id=str(speaker), sample_id=str(sample), upload_key="upload"
    )
    report = '{"started_at": "2026-11-22T12:00:00Z", "seconds": 0, "attempts": 1}'
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO speakers (id, workspace, name) VALUES ($1, 'default', $2)", speaker, f"Ana {speaker}"
        )
        await connection.execute(
            "INSERT INTO samples (id, workspace, speaker_id, upload_key, size_bytes)"
            " VALUES ($1, 'default', $2, 'k', 1)",
            sample,
            speaker,
        )
        await connection.execute(
            "INSERT INTO runs (id, workspace, sample_id, folder) VALUES ($1, 'default', $2, $3)",
            run,
            sample,
            event.folder,
        )
        await connection.execute(
            "INSERT INTO outbox (run_id, stream, event) VALUES ($1, $2, $3)",
            run,
            event.stream,
            event.model_dump_json(),
        )
        await connection.execute(
            "INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report)"
            " VALUES ($1, 'accept', '', 0, 1, $2, $3, $4)",
            run,
            event.stream,
            event.model_dump_json(),
            report,
        )
    return event


async def publish_as(redis: Redis, event: Event, stage: str, *, part: str = "", report: Report = REPORT) -> None:
    """What a worker does that has finished a unit."""
    unit = Unit(run_id=event.run_id, stage=stage, part=part)
    entries = entries_of(unit, (PublishedEvent.of(event),), report)
    await Publisher(redis, Scripts(redis)).publish(unit_id=unit.id, run_id=event.run_id, entries=entries)


@dataclass(frozen=True)
class Background:
    """The parts of the gateway that these tests look at."""

    relay: Relay
    projection: Projection
    reconciler: Reconciler
    galleries: Galleries
    erasures: Erasures


def background(
    database: Database, redis: Redis, store: ObjectStore, *, age: float = 0.0, counts: LineCounts | None = None
) -> Background:
    """The gateway's parts on real servers; a unit is due after `age` seconds."""
    counts = counts or LineCounts(CollectorRegistry())
    scripts, changed, cache = Scripts(redis), asyncio.Event(), RedisCache(redis)
    erasures = Erasures(database, store, redis, scripts)
    reader = GroupReader(redis, scripts, streams=list(EVENTS), group=PROJECTION, consumer=consumer_name("gateway"))
    return Background(
        relay=Relay(database, Publisher(redis, scripts), asyncio.Event()),
        projection=Projection(
            Records(database, store, erasures), redis, reader, lease=1.0, galleries=changed, counts=counts
        ),
        reconciler=Reconciler(database, redis, scripts, age=age, lifetime=erasures.lifetime, counts=counts),
        galleries=Galleries(database, store, cache, changed),
        erasures=erasures,
    )


@asynccontextmanager
async def projecting(parts: Background) -> AsyncIterator[None]:
    """The projection runs while the block does."""
    task = asyncio.create_task(parts.projection.run())
    try:
        yield
    finally:
        parts.projection.close()
        await task


async def wait_for_lock(database: Database) -> None:
    """Until some statement of this database waits for a lock."""
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    await until(lambda: database.fetch(waiting))


async def is_acknowledged(redis: Redis, event: type[Event]) -> bool:
    """Whether the projection has read and acknowledged all entries of a stream."""
    groups = {one["name"]: one for one in await redis.xinfo_groups(stream_key(event.stream))}
    last = (await redis.xinfo_stream(stream_key(event.stream)))["last-generated-id"]
    found = groups.get(PROJECTION)
    return found is not None and found["last-delivered-id"] == last and not found["pending"]
