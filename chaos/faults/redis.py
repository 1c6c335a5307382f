"""Faults of Redis: killed, emptied, robbed of streams and groups, full, and thrown back in time."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chaos.faults.fault import Fault, NoTarget, World
from libs.common.events import EVENTS
from libs.common.line import CONSUMERS
from libs.common.streams.keys import PROJECTION, stream_key

_FULL_FOR = (1.0, 3.0)
_DOWN_FOR = (0.0, 1.5)


def redis_faults() -> list[Fault]:
    """All of them."""
    return [
        Fault("redis-kill", _kill),
        Fault("redis-flushall", _flushall),
        Fault("redis-group-destroy", _destroy_group),
        Fault("redis-stream-del", _delete_stream),
        Fault("redis-script-flush", _flush_scripts),
        Fault("redis-full", _fill),
        Fault("redis-aof-cut", _cut),
    ]


async def _kill(world: World, rng: random.Random) -> str:
    async with world.hansard.servers.redis_lock:
        await world.hansard.servers.kill_redis(down_for=rng.uniform(*_DOWN_FOR))
    return ""


async def _cut(world: World, rng: random.Random) -> str:
    async with world.hansard.servers.redis_lock:
        return f"{await world.hansard.servers.cut_redis(rng)} bytes"


async def _flushall(world: World, rng: random.Random) -> str:
    async with _redis(world) as redis:
        keys = await redis.dbsize()
        await redis.flushall()
    return f"{keys} keys"


async def _destroy_group(world: World, rng: random.Random) -> str:
    async with _redis(world) as redis:
        stream = rng.choice(await _existing(redis))
        consumer = CONSUMERS.get(stream)
        group = rng.choice([consumer.stage, PROJECTION]) if consumer else PROJECTION
        await redis.xgroup_destroy(stream_key(stream), group)
    return f"{group} of {stream}"


async def _delete_stream(world: World, rng: random.Random) -> str:
    async with _redis(world) as redis:
        stream = rng.choice(await _existing(redis))
        await redis.delete(stream_key(stream))
    return stream


async def _flush_scripts(world: World, rng: random.Random) -> str:
    async with _redis(world) as redis:
        await redis.script_flush()
    return ""


async def _fill(world: World, rng: random.Random) -> str:
    seconds = rng.uniform(*_FULL_FOR)
    async with _redis(world) as redis:
        await redis.config_set("maxmemory", "1mb")
        try:
            await asyncio.sleep(seconds)
        finally:
            await redis.config_set("maxmemory", "0")
    return f"for {seconds:.1f} s"


@asynccontextmanager
async def _redis(world: World) -> AsyncIterator[Redis]:
    """The server itself, which nobody kills meanwhile."""
    async with world.hansard.servers.redis_lock:
        try:
            async with world.hansard.servers.redis() as redis:
                yield redis
        except RedisError as error:
            raise NoTarget(f"redis: {error}") from error


async def _existing(redis: Redis) -> list[str]:
    found = [stream for stream in EVENTS if await redis.exists(stream_key(stream))]
    if not found:
        raise NoTarget("there is no stream")
    return found
