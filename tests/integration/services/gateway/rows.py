"""A sample in Postgres as acceptance leaves it, and what the gateway does with it, for tests of the background work."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from libs.common.events import EVENTS, SampleAccepted
from libs.common.speech import EmbeddingModel, SpeakerEmbedding
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from libs.common.streams.keys import PROJECTION
from libs.common.streams.queue import Publisher, consumer_name
from libs.common.streams.reader import GroupReader
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database
from services.gateway.galleries import Galleries
from services.gateway.outbox import Relay
from services.gateway.projection import Projection
from services.gateway.reconciler import Reconciler

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


@dataclass(frozen=True)
class Background:
    """The parts of the gateway that these tests look at."""

    relay: Relay
    projection: Projection
    reconciler: Reconciler
    galleries: Galleries


def background(database: Database, redis: Redis, store: ObjectStore, *, age: float = 0.0) -> Background:
    """The gateway's parts on real servers; a unit is due after `age` seconds."""
    scripts, changed = Scripts(redis), asyncio.Event()
    reader = GroupReader(redis, scripts, streams=list(EVENTS), group=PROJECTION, consumer=consumer_name("gateway"))
    return Background(
        relay=Relay(database, Publisher(redis, scripts), asyncio.Event()),
        projection=Projection(database, store, reader, lease=1.0, galleries=changed),
        reconciler=Reconciler(database, redis, scripts, age=age),
        galleries=Galleries(database, store, RedisCache(redis), changed),
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
