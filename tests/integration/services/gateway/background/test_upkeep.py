"""From the outbox through the streams to rows, also when Redis forgets everything."""

import asyncio
import datetime
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from libs.common.errors import LanguageNotSupported
from libs.common.events import Event, SampleAccepted, SampleNormalized, VoiceEmbedded
from libs.common.runtime.worker import Worker
from libs.common.speakers import Gallery, gallery_key
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.keys import PROJECTION, WORKERS, cancelled_key, marker_key, stream_key, worker_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.scripts import Scripts
from services.gateway.background.trimmer import Trimmer
from services.gateway.database import Database
from tests.integration.line import echo, stage, until, working
from tests.integration.services.gateway.rows import MODEL, VOICE, accept_sample, background, projecting


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.open(postgres_url)
    yield database
    await database.close()


def enroll_stage() -> Stage[SampleNormalized]:
    async def embed(event: SampleNormalized, work: Work) -> Sequence[Event]:
        key = await work.keep("embedding.json", VOICE)
        return [VoiceEmbedded(**event.subject, embedding_key=key, model=MODEL, speech_seconds=4.0)]

    return Stage(name="enroll", consumes=SampleNormalized, handle=embed)


@asynccontextmanager
async def line(redis: Redis, store: ObjectStore) -> AsyncIterator[Worker]:
    stopped = asyncio.Event()
    worker = Worker(redis, store, [stage(echo), enroll_stage()], service="test", lease=1.0)
    running = asyncio.create_task(worker.run(stopped, grace=0.1))
    try:
        yield worker
    finally:
        stopped.set()
        await running


async def status(database: Database, event: SampleAccepted) -> str:
    row = await database.fetch_one("SELECT status FROM runs WHERE id = $1", uuid.UUID(event.run_id))
    assert row is not None
    return str(row["status"])


async def is_completed(database: Database, event: SampleAccepted) -> bool:
    return await status(database, event) == "completed"


async def test_an_accepted_sample_becomes_a_voiceprint_and_a_gallery(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    assert await parts.relay.relay() == 1
    async with projecting(parts), line(redis, store):
        await until(lambda: is_completed(database, event))
    assert await parts.galleries.rebuild() == 1
    gallery = await store.load(Gallery, gallery_key("default", MODEL))
    assert [(one.speaker_id, one.name) for one in gallery.voiceprints] == [
        (event.speaker_id, f"Ana {event.speaker_id}")
    ]
    assert gallery.voiceprints[0].vector == pytest.approx(VOICE.vector)
    assert await parts.galleries.rebuild() == 0


async def test_a_relayed_row_is_not_published_again(database: Database, redis: Redis, store: ObjectStore) -> None:
    parts = background(database, redis, store)
    await accept_sample(database)
    await parts.relay.relay()
    await database.execute("UPDATE outbox SET sent_at = NULL")  # killed between publishing and marking
    await parts.relay.relay()
    assert await redis.xlen(stream_key(SampleAccepted.stream)) == 1


async def test_a_failed_stage_ends_the_run_with_its_code(database: Database, redis: Redis, store: ObjectStore) -> None:
    async def refuse(event: SampleAccepted, work: Work) -> list[Event]:
        raise LanguageNotSupported("no Latin")

    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    async with projecting(parts), working(redis, store, stage(refuse)):
        await until(lambda: _has_ended(database, event))
    row = await database.fetch_one("SELECT * FROM runs WHERE id = $1", uuid.UUID(event.run_id))
    assert row is not None
    assert (row["status"], row["error_code"], row["error_stage"]) == (
        "failed",
        "language_not_supported",
        "normalize_sample",
    )


async def test_a_fact_that_comes_after_the_end_completes_the_record_and_changes_no_status(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    await database.execute("UPDATE runs SET status = 'failed', ended_at = now()")
    async with projecting(parts), line(redis, store):
        await until(lambda: _has_fact(database, VoiceEmbedded))
    assert await status(database, event) == "failed"


async def test_nothing_is_added_while_redis_has_everything(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    await accept_sample(database)
    assert await parts.reconciler.reconcile() == 0, "the relay has not published yet"
    await parts.relay.relay()
    async with projecting(parts):
        await until(lambda: _is_projected(database))
    assert await parts.reconciler.reconcile() == 0, "the input is unread"


async def test_after_flushall_a_run_goes_on_at_its_first_missing_outcome(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    async with projecting(parts), working(redis, store, stage(echo)):
        await until(lambda: _has_fact(database, SampleNormalized))
        await redis.flushall()
        assert await parts.reconciler.reconcile() == 1
        assert await parts.reconciler.reconcile() == 0, "what was added again is unread"
        assert not await redis.xlen(stream_key(SampleAccepted.stream)), "finished work is not done again"
    async with projecting(background(database, redis, store)), line(redis, store):
        await until(lambda: is_completed(database, event))


async def test_an_outcome_whose_event_was_lost_is_published_again(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    async with working(redis, store, stage(echo)):
        await until(lambda: redis.exists(marker_key(f"{event.run_id}/normalize_sample")))
    await redis.delete(stream_key(SampleNormalized.stream))
    assert await parts.reconciler.reconcile() == 1
    async with working(redis, store, stage(echo)):
        await until(lambda: redis.exists(stream_key(SampleNormalized.stream)))


async def test_an_event_waiting_for_the_projection_is_left_alone(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    async with working(redis, store, stage(echo)):
        await until(lambda: redis.exists(marker_key(f"{event.run_id}/normalize_sample")))
    assert await parts.reconciler.reconcile() == 0


async def test_a_cancelled_run_stays_cancelled_after_flushall(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    await database.execute("UPDATE runs SET status = 'cancelled', ended_at = now()")
    await redis.flushall()
    await parts.reconciler.reconcile()
    assert await redis.exists(cancelled_key(event.run_id))
    assert await status(database, event) == "cancelled"


async def test_a_voiceprint_that_arrives_after_the_deletion_does_not_come_back(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    event = await accept_sample(database)
    await parts.relay.relay()
    async with line(redis, store):
        await until(lambda: redis.exists(marker_key(f"{event.run_id}/enroll")))
    await database.execute("DELETE FROM speakers WHERE id = $1", uuid.UUID(event.speaker_id))
    async with projecting(parts):
        await until(lambda: _is_read_up(redis))
    assert await database.fetch("SELECT 1 FROM voiceprints") == []
    assert await database.fetch("SELECT 1 FROM gallery_jobs") == []


async def test_trimming_stops_at_what_a_group_has_not_acknowledged(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    trimmer = Trimmer(redis, Scripts(redis), keep=datetime.timedelta(0))
    event = await accept_sample(database)
    await parts.relay.relay()
    assert await trimmer.trim() == 0, "no group has read it"
    async with working(redis, store, stage(echo)):
        await until(lambda: redis.exists(marker_key(f"{event.run_id}/normalize_sample")))
    assert await trimmer.trim() == 0, "the projection has not read it"
    async with projecting(parts):
        await until(lambda: _has_fact(database, SampleNormalized))
        await until(lambda: _is_read_up(redis))
    newer = await accept_sample(database)
    await parts.relay.relay()
    async with projecting(background(database, redis, store)), line(redis, store):
        await until(lambda: _is_read_up(redis, count=2))
        await until(lambda: redis.exists(marker_key(f"{newer.run_id}/enroll")))
    assert await trimmer.trim() > 0
    assert not await redis.exists(marker_key(f"{event.run_id}/normalize_sample"))


async def test_trimming_stops_at_an_entry_on_loan(database: Database, redis: Redis, store: ObjectStore) -> None:
    parts = background(database, redis, store)
    trimmer = Trimmer(redis, Scripts(redis), keep=datetime.timedelta(0))
    key = stream_key(SampleAccepted.stream)
    for _ in range(3):
        await accept_sample(database)
    await parts.relay.relay()
    async with projecting(parts):
        await until(lambda: _is_read_up(redis, count=3))
    await redis.xgroup_create(key, "normalize_sample", id="0")
    await redis.xreadgroup("normalize_sample", "one", {key: ">"})
    oldest, *others = [str(id_) for id_, _ in await redis.xrange(key) or []]
    await redis.xack(key, "normalize_sample", *others)
    assert await trimmer.trim() == 0
    await redis.xack(key, "normalize_sample", oldest)
    assert await trimmer.trim() == 2, "the last one delivered stays, so that the lag can be told"


async def test_trimming_an_accepted_event_removes_the_markers_of_both_its_units(
    database: Database, redis: Redis, store: ObjectStore
) -> None:
    parts = background(database, redis, store)
    old, new = await accept_sample(database), await accept_sample(database)
    await parts.relay.relay()
    async with projecting(parts), working(redis, store, stage(echo)):
        await until(lambda: redis.exists(marker_key(f"{new.run_id}/normalize_sample")))
        await until(lambda: _is_read_up(redis, count=2))
    await Trimmer(redis, Scripts(redis), keep=datetime.timedelta(0)).trim()
    assert [key async for key in redis.scan_iter(match=marker_key(f"{old.run_id}/*"))] == []


async def test_workers_that_were_killed_leave_the_list(redis: Redis) -> None:
    beats = [
        Heartbeat(redis, WorkerInfo(consumer=name, service="s", release="1", stages={}), lifetime=60.0)
        for name in ("alive", "killed")
    ]
    for one in beats:
        await one.beat()
    await redis.delete(worker_key("killed"))  # as when it expires
    await Trimmer(redis, Scripts(redis), keep=datetime.timedelta(days=7)).reap()
    assert await redis.zrange(WORKERS, 0, -1) == ["alive"]


async def _has_ended(database: Database, event: SampleAccepted) -> bool:
    row = await database.fetch_one("SELECT ended_at FROM runs WHERE id = $1", uuid.UUID(event.run_id))
    return row is not None and row["ended_at"] is not None


async def _is_projected(database: Database) -> bool:
    return bool(await database.fetch("SELECT 1 FROM facts WHERE entry_id IS NOT NULL"))


async def _has_fact(database: Database, event: type[Event]) -> bool:
    return bool(await database.fetch("SELECT 1 FROM facts WHERE stream = $1", event.stream))


async def _is_read_up(redis: Redis, count: int = 1) -> bool:
    key = stream_key(SampleAccepted.stream)
    if await redis.xlen(key) < count:
        return False
    last = next(id_ for id_, _ in await redis.xrevrange(key, count=1) or [])
    groups = {one["name"]: one for one in await redis.xinfo_groups(key)}
    return (
        PROJECTION in groups and groups[PROJECTION]["last-delivered-id"] == last and not groups[PROJECTION]["pending"]
    )
