"""The proxy of the harness: what it loses, and what has happened all the same."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from chaos.proxy import Proxy
from libs.common.streams.connection import connect
from tests.integration.line import until


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[Proxy]:
    address = urlsplit(redis_url)
    assert address.hostname is not None
    assert address.port is not None
    async with Proxy(address.hostname, address.port).running() as running:
        yield running


@pytest.fixture
async def through(proxy: Proxy, redis_url: str) -> AsyncIterator[Redis]:
    """A client of the same Redis, through the proxy."""
    address = urlsplit(redis_url)
    password = f":{address.password}@" if address.password else ""
    async with connect(f"redis://{password}127.0.0.1:{proxy.port}/0") as client:
        await client.ping()
        yield client


async def test_a_command_whose_answer_is_lost_has_taken_effect(proxy: Proxy, through: Redis, redis: Redis) -> None:
    script = through.register_script("return redis.call('INCR', KEYS[1])")
    await script(keys=["loaded"])
    trap = proxy.reset_next(script.sha.encode(), "after")
    with pytest.raises(RedisConnectionError):
        await script(keys=["counter"], args=["x" * 1_000_000])
    assert trap.sprung.is_set()
    assert await redis.get("counter") == "1"
    await script(keys=["counter"])
    assert await redis.get("counter") == "2"


async def test_a_command_that_is_lost_has_no_effect(proxy: Proxy, through: Redis, redis: Redis) -> None:
    trap = proxy.reset_next(b"INCR", "before")
    with pytest.raises(RedisConnectionError):
        await through.incr("counter")
    assert trap.sprung.is_set()
    assert await redis.get("counter") is None


async def test_only_connections_that_send_a_mark_are_swallowed(proxy: Proxy, through: Redis, redis: Redis) -> None:
    with proxy.swallowing(b"INCR"):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(through.incr("counter"), 0.3)
        assert await through.ping()
    assert await redis.get("counter") is None
    assert await through.incr("counter") == 1


async def test_all_connections_are_reset_at_once(proxy: Proxy, through: Redis, redis: Redis) -> None:
    waiting = asyncio.ensure_future(through.xread({"nothing": "0"}, block=4000))
    await until(lambda: _is_blocked(redis))
    assert proxy.reset_all() >= 1
    with pytest.raises(RedisConnectionError):
        await waiting
    assert await through.ping()


async def _is_blocked(redis: Redis) -> bool:
    return bool((await redis.info("clients"))["blocked_clients"])


async def test_nothing_passes_while_it_stalls(proxy: Proxy, through: Redis, redis: Redis) -> None:
    stalled = asyncio.create_task(proxy.stall(0.3))
    await asyncio.sleep(0)
    incremented = asyncio.ensure_future(through.incr("counter"))
    done, _ = await asyncio.wait({incremented, stalled}, return_when=asyncio.FIRST_COMPLETED)
    assert done == {stalled}
    assert await incremented == 1


async def test_a_server_that_is_away_refuses(redis_url: str) -> None:
    async with Proxy("127.0.0.1", 1).running() as proxy, connect(f"redis://127.0.0.1:{proxy.port}/0") as client:
        with pytest.raises(RedisConnectionError):
            await client.ping()
