"""Whether Redis answers, is new enough, and keeps what it is given."""

import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.clocks import clock_finding
from libs.common.doctor.finding import Finding, ok, problem, unknown, warning
from libs.common.streams.connection import connect

_OLDEST = (6, 2)
_SLOW = 0.05
"""Seconds for a PING above which every step of every unit is felt."""

_SCARCE = 0.2
_TOO_SCARCE = 0.05
"""Parts of the memory that are left."""

_PINGS = 5

Info = Mapping[str, object]


def redis_check(url: str) -> Check:
    """All about the Redis at an address."""
    return Check("redis", partial(_look, url))


async def _look(url: str) -> AsyncIterator[Finding]:
    async with connect(url) as redis:
        try:
            latency = statistics.median([await _ping(redis) for _ in range(_PINGS)])
        except AuthenticationError as error:
            yield problem("redis", f"refuses the password: {one_line(str(error))}", "set the password in REDIS_URL")
            return
        except (RedisError, OSError) as error:
            what = f"does not answer at {_place(url)}: {one_line(str(error))}"
            yield problem("redis", what, "start it, or set REDIS_URL to where it is")
            return
        is_slow = latency > _SLOW
        what = f"answers at {_place(url)} in {latency * 1000:.1f} ms"
        cure = "run Redis near the services: each step of a unit asks it"
        yield warning("redis", what, cure) if is_slow else ok("redis", what)
        yield await _clock(redis)
        info = await _info(redis)
        for finding in (*_version(info), _role(info), _policy(info), *_aof(info), _memory(info)):
            yield finding
        yield await _fsync(redis)


async def _ping(redis: Redis) -> float:
    began = time.perf_counter()
    await redis.ping()
    return time.perf_counter() - began


async def _clock(redis: Redis) -> Finding:
    began = time.time()
    seconds, microseconds = await redis.time()
    return clock_finding("redis clock", float(seconds) + float(microseconds) / 1e6, began, time.time())


async def _info(redis: Redis) -> Info:
    try:
        return dict(await redis.info())
    except RedisError:
        return {}  # a managed server may forbid it; each finding says that it cannot be seen


def _version(info: Info) -> Iterator[Finding]:
    version = info.get("redis_version")
    if not isinstance(version, str):
        yield unknown("redis version", "cannot be seen", "see that it is 6.2 or newer")
    elif tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < _OLDEST:
        yield problem("redis version", f"is {version}", "run Redis 6.2 or newer, or Valkey")
    else:
        yield ok("redis version", f"is {version}")


def _role(info: Info) -> Finding:
    match info.get("role"):
        case "master":
            return ok("redis role", "takes writes")
        case None:
            return unknown("redis role", "cannot be seen", "see that REDIS_URL names no replica")
        case role:
            return problem("redis role", f"is {role}: it takes no writes", "set REDIS_URL to the primary")


def _policy(info: Info) -> Finding:
    match info.get("maxmemory_policy"):
        case "noeviction":
            return ok("redis maxmemory-policy", "is noeviction")
        case None:
            return unknown("redis maxmemory-policy", "cannot be seen", "see that it is noeviction")
        case policy:
            cure = "set maxmemory-policy to noeviction: else Redis drops work when its memory is full"
            return problem("redis maxmemory-policy", f"is {policy}", cure)


def _aof(info: Info) -> Iterator[Finding]:
    match info.get("aof_enabled"):
        case 1:
            yield ok("redis AOF", "is on")
        case None:
            yield unknown("redis AOF", "cannot be seen", "see that it keeps what it has when it restarts")
        case _:
            cure = "set appendonly to yes: else a restart forgets queues, which the gateway has to fill again"
            yield problem("redis AOF", "is off", cure)
    if info.get("aof_last_write_status", "ok") != "ok":
        yield problem("redis AOF", "the last write to the disk failed", "see whether the disk of Redis is full")


def _memory(info: Info) -> Finding:
    used, most = info.get("used_memory"), info.get("maxmemory") or info.get("total_system_memory")
    if not isinstance(used, int) or not isinstance(most, int) or most == 0:
        return unknown("redis memory", "cannot be seen", "see that a fifth of it is free")
    what = f"{used / 2**20:.0f} MiB of {most / 2**20:.0f} MiB are used"
    if 1 - used / most < _TOO_SCARCE:
        return problem("redis memory", what, "give Redis more memory: full, it takes no more work")
    if 1 - used / most < _SCARCE:
        return warning("redis memory", what, "give Redis more memory, or lower KEEP_DAYS")
    return ok("redis memory", what)


async def _fsync(redis: Redis) -> Finding:
    try:
        answer = await redis.config_get("appendfsync")
    except RedisError:
        answer = {}
    match answer.get("appendfsync"):
        case "no":
            return warning("redis appendfsync", "is no", "set it to everysec, else a crash loses more than a second")
        case str() as value:
            return ok("redis appendfsync", f"is {value}")
        case _:
            return unknown("redis appendfsync", "cannot be seen: CONFIG is forbidden, as on many managed servers")


def _place(url: str) -> str:
    """The address without user and password."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or urlsplit(url).path
    except ValueError:
        return "REDIS_URL"
