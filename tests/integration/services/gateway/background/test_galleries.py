"""A gallery is what Postgres says, whoever wrote last."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from libs.common.speakers import gallery_key
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from services.gateway.background.galleries import Galleries
from services.gateway.database import DatabaseUnavailable, load_queries
from services.gateway.gateway import Gateway
from tests.integration.services.gateway.rows import MODEL, accept_sample

KEY = gallery_key("default", MODEL)


class SlowStore(ObjectStore):
    """Writes when it is told to."""

    def wait(self) -> None:
        self.is_writing, self.may_write = asyncio.Event(), asyncio.Event()

    async def put(self, key: str, data: bytes) -> None:
        self.is_writing.set()
        await self.may_write.wait()
        await super().put(key, data)


async def enroll(gateway: Gateway) -> UUID:
    """A speaker with a voiceprint, whose gallery is asked for."""
    sample = await accept_sample(gateway.database)
    speaker = UUID(sample.speaker_id)
    queries = load_queries("projection")
    await gateway.database.execute(
        queries["insert_voiceprint"], UUID(sample.sample_id), speaker, "default", "test", "1", [0.6, 0.8]
    )
    await gateway.database.execute(queries["request_gallery"], "default", "test", "1")
    return speaker


async def test_a_write_that_lands_after_a_deletion_does_not_bring_the_voice_back(
    gateway: Gateway, tmp_path: Path
) -> None:
    speaker = await enroll(gateway)
    store, cache = SlowStore.open((tmp_path / "objects").as_uri()), RedisCache(gateway.redis)
    assert isinstance(store, SlowStore)
    store.wait()
    late = asyncio.create_task(Galleries(gateway.database, store, cache, asyncio.Event()).rebuild())
    await store.is_writing.wait()
    await gateway.database.execute(  # Postgres restarts: the lock is gone
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE state = 'idle in transaction' AND datname = current_database()"
    )
    await gateway.speakers.delete("default", speaker)
    store.may_write.set()
    with pytest.raises(DatabaseUnavailable):
        await late
    assert await gateway.store.exists(KEY)
    await gateway.galleries.rebuild()
    assert not await gateway.store.exists(KEY)
    assert await cache.get(KEY) is None


async def test_a_stale_gallery_leaves_the_cache_too(gateway: Gateway) -> None:
    await enroll(gateway)
    await gateway.galleries.rebuild()
    await RedisCache(gateway.redis).set(KEY, b"an older gallery", lifetime=60.0)
    await gateway.galleries.rebuild()
    assert await RedisCache(gateway.redis).get(KEY) == await gateway.store.get(KEY)


async def test_a_job_ends_when_no_late_write_can_come(gateway: Gateway) -> None:
    await enroll(gateway)
    assert await gateway.galleries.rebuild() == 1
    assert await gateway.galleries.rebuild() == 0
    assert len(await gateway.database.fetch("SELECT FROM gallery_jobs")) == 1
    await gateway.database.execute("UPDATE gallery_jobs SET written_at = written_at - interval '1 hour'")
    assert await gateway.galleries.rebuild() == 0
    assert await gateway.database.fetch("SELECT FROM gallery_jobs") == []


async def test_a_change_during_the_checks_is_written(gateway: Gateway) -> None:
    await enroll(gateway)
    await gateway.galleries.rebuild()
    before = await gateway.store.get(KEY)
    await enroll(gateway)
    assert await gateway.galleries.rebuild() == 1
    assert await gateway.store.get(KEY) != before
