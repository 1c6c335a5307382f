"""The reconciler takes nothing for lost that is not, and forgets nobody."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from redis.asyncio import Redis

from libs.common.events import SampleNormalized
from libs.common.streams.keys import cancelled_key, stream_key
from libs.common.streams.scripts import Scripts
from services.gateway.background.reconciler import Reconciler
from services.gateway.database import Database
from services.gateway.gateway import Gateway
from tests.integration.line import echo, stage, until, working
from tests.integration.services.gateway.rows import (
    Background,
    accept_sample,
    background,
    is_acknowledged,
)


class LateScripts(Scripts):
    """Before the reconciler's script runs, the projection gets as far as it can."""

    def __init__(self, redis: Redis, database: Database, parts: Background) -> None:
        super().__init__(redis)
        self._script = self.reconcile
        self._redis, self._database, self._parts = redis, database, parts
        self.projection: asyncio.Task[None] | None = None
        self.reconcile = self._reconcile  # type: ignore[assignment]  # called the same way

    async def _reconcile(self, keys: Sequence[str], args: Sequence[str]) -> object:
        self.projection = asyncio.create_task(self._parts.projection.run())
        await until(self._is_recorded_or_waits)
        return await self._script(keys=keys, args=args)

    async def _is_recorded_or_waits(self) -> bool:
        waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        if await self._database.fetch(waiting):
            return True
        has_group = await self._redis.xinfo_groups(stream_key(SampleNormalized.stream))
        return bool(has_group) and await is_acknowledged(self._redis, SampleNormalized)


async def test_an_event_that_is_recorded_meanwhile_is_not_taken_for_lost(gateway: Gateway) -> None:
    database, redis = gateway.database, gateway.redis
    parts = background(database, redis, gateway.store)
    await accept_sample(database)
    await parts.relay.relay()
    async with working(redis, gateway.store, stage(echo)):
        await until(lambda: redis.exists(stream_key(SampleNormalized.stream)))
    scripts = LateScripts(redis, database, parts)
    reconciler = Reconciler(database, redis, scripts, age=0.0, lifetime=60.0, counts=gateway.metrics.counts)
    assert await reconciler.reconcile() == 0
    assert scripts.projection is not None
    parts.projection.close()
    await scripts.projection


async def test_what_was_published_late_is_not_taken_for_lost_before_it_could_be_read(gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store, age=60.0)
    await accept_sample(gateway.database)
    await gateway.database.execute("UPDATE runs SET created_at = now() - interval '5 minutes'")
    await gateway.database.execute("UPDATE facts SET recorded_at = now() - interval '5 minutes'")
    await parts.relay.relay()  # Redis was away until now
    assert await parts.reconciler.reconcile() == 0
    await gateway.database.execute("UPDATE outbox SET sent_at = now() - interval '2 minutes'")
    assert await parts.reconciler.reconcile() == 1


async def test_all_runs_are_looked_after_in_one_pass(gateway: Gateway) -> None:
    for _ in range(45):
        await accept_sample(gateway.database)
    await gateway.database.execute("UPDATE outbox SET sent_at = now()")
    reconciler = background(gateway.database, gateway.redis, gateway.store).reconciler
    assert [await reconciler.reconcile(), await reconciler.reconcile()] == [45, 0]


async def test_ended_runs_of_deleted_meetings_stay_marked(gateway: Gateway) -> None:
    run = await _deleted_meeting(gateway)
    reconciler = background(gateway.database, gateway.redis, gateway.store).reconciler
    await reconciler.reconcile()
    assert await gateway.redis.ttl(cancelled_key(str(run))) > 7 * 24 * 3600
    await gateway.redis.flushall()
    await gateway.database.execute("UPDATE meetings SET deleted_at = now() - interval '9 days'")
    await reconciler.reconcile()
    assert not await gateway.redis.exists(cancelled_key(str(run)))


async def _deleted_meeting(gateway: Gateway) -> UUID:
    row = await gateway.database.fetch_one(
        "WITH meeting AS (INSERT INTO meetings (id, workspace, upload_key, size_bytes, deleted_at)"
        " VALUES (gen_random_uuid(), 'default', 'k', 1, now()) RETURNING id)"
        " INSERT INTO runs (id, workspace, meeting_id, folder, status, ended_at)"
        " SELECT gen_random_uuid(), 'default', id, 'f', 'completed', now() - interval '30 days' FROM meeting"
        " RETURNING id"
    )
    assert row is not None
    return UUID(str(row["id"]))
