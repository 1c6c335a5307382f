"""The gateway's work in the background waits for a Redis that is out of order, and goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from libs.common.events import EVENTS, SampleAccepted
from libs.common.streams.keys import PROJECTION, stream_key
from services.gateway.database import DatabaseUnavailable
from services.gateway.gateway import Gateway
from tests.integration.line import until
from tests.integration.services.gateway.rows import accept_sample, background, is_acknowledged, projecting


@asynccontextmanager
async def refusing(redis: Redis, setting: str) -> AsyncIterator[None]:
    """Redis refuses to write; the block ends after it has refused something."""
    await redis.config_resetstat()
    await redis.config_set(setting, 1)
    try:
        yield
        await until(lambda: _has_refused(redis))
    finally:
        await redis.config_set(setting, 0)


@pytest.mark.parametrize("setting", ["maxmemory", "min-replicas-to-write"])
async def test_the_relay_publishes_when_redis_takes_writes_again(gateway: Gateway, setting: str) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await accept_sample(gateway.database)
    async with refusing(gateway.redis, setting):
        relaying = asyncio.create_task(parts.relay.run())
    await until(lambda: gateway.redis.xlen(stream_key(SampleAccepted.stream)))
    assert not relaying.done()
    relaying.cancel()
    await asyncio.wait({relaying})


async def test_the_projection_goes_on_when_redis_takes_writes_again(gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    async with refusing(gateway.redis, "min-replicas-to-write"):
        running = asyncio.create_task(parts.projection.run())
    await until(lambda: _is_projected(gateway))
    parts.projection.close()
    await running


async def test_the_projection_takes_nothing_over_before_it_has_waited_for_a_lease(gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    key = stream_key(SampleAccepted.stream)
    for stream in EVENTS:
        await gateway.redis.xgroup_create(stream_key(stream), PROJECTION, id="0", mkstream=True)
    await gateway.redis.xreadgroup(PROJECTION, "another gateway", {key: ">"})
    [pending] = await gateway.redis.xpending_range(key, PROJECTION, "-", "+", 1)
    await gateway.redis.xclaim(key, PROJECTION, "another gateway", 0, [pending["message_id"]], idle=3_600_000)
    began = time.monotonic()
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SampleAccepted))
        assert time.monotonic() - began >= 1.0


async def test_a_deadlock_is_an_outage_of_the_database(gateway: Gateway) -> None:
    with pytest.raises(DatabaseUnavailable):
        await gateway.database.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$")


async def _has_refused(redis: Redis) -> bool:
    """Also by an error within a script, whose name differs between the versions of Redis."""
    return bool({*await redis.info("errorstats")} - {"errorstat_NOSCRIPT"})


async def _is_projected(gateway: Gateway) -> bool:
    return bool(await gateway.database.fetch("SELECT FROM facts WHERE entry_id IS NOT NULL"))
