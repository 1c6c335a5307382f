"""What the doctor sees of a Redis: a real one, set up wrongly in each way."""

import datetime
from collections.abc import AsyncIterator, Mapping
from functools import partial

import pytest
from redis.asyncio import Redis

from cli.local.redis_server import RedisServer
from libs.common.doctor.checking import examined
from libs.common.doctor.clocks import clock_finding
from libs.common.doctor.finding import Finding
from libs.common.doctor.redis import redis_check
from libs.common.doctor.workers import workers_check
from libs.common.release import RELEASE
from libs.common.streams.connection import connect
from libs.common.streams.keys import stream_key
from libs.common.streams.monitor import STREAMS, Heartbeat, WorkerInfo
from tests.integration.line import until

GOOD = {"appendonly": "yes", "maxmemory": "0", "maxmemory-policy": "noeviction", "appendfsync": "everysec"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> RedisServer:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    return server  # it dies with this process


@pytest.fixture
async def own_redis(server: RedisServer) -> AsyncIterator[Redis]:
    """A Redis of these tests alone, set up as it should be."""
    async with connect(server.url) as redis:
        await redis.flushall()
        for name, value in GOOD.items():
            await redis.config_set(name, value)
        yield redis


async def found(url: str) -> Mapping[str, Finding]:
    return {one.subject: one for one in await examined([redis_check(url)])}


async def test_a_redis_that_is_set_up_well_is_in_order(server: RedisServer, own_redis: Redis) -> None:
    findings = await found(server.url)
    assert {one.level for one in findings.values()} == {"ok"}
    assert len(findings) == 8


@pytest.mark.parametrize(
    ("setting", "value", "subject", "level"),
    [
        ("maxmemory-policy", "allkeys-lru", "redis maxmemory-policy", "problem"),
        ("appendonly", "no", "redis AOF", "problem"),
        ("appendfsync", "no", "redis appendfsync", "warning"),
    ],
)
async def test_each_wrong_setting_is_found_out_with_its_cure(
    server: RedisServer, own_redis: Redis, setting: str, value: str, subject: str, level: str
) -> None:
    await own_redis.config_set(setting, value)
    finding = (await found(server.url))[subject]
    assert finding.level == level
    assert finding.cure


async def _writes_no_aof_anew(redis: Redis) -> bool:
    state = await redis.info("persistence")
    return not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]


@pytest.mark.parametrize(("part", "level"), [(0.5, "ok"), (0.88, "warning"), (0.99, "problem")])
async def test_a_memory_that_fills_up_is_said_in_time(
    server: RedisServer, own_redis: Redis, part: float, level: str
) -> None:
    await until(partial(_writes_no_aof_anew, own_redis))  # which takes blocks of 10 MiB on Redis 6
    await own_redis.setrange("ballast", 20 * 2**20, "x")  # beside which the memory of a client does not count
    used = int((await own_redis.info("memory"))["used_memory"])
    await own_redis.config_set("maxmemory", int(used / part))
    assert (await found(server.url))["redis memory"].level == level


async def test_what_a_managed_server_forbids_cannot_be_seen(server: RedisServer, own_redis: Redis) -> None:
    await own_redis.acl_setuser("guest", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-config", "-info"])
    url = server.url.partition("//:")
    findings = await found(f"redis://guest:none@{url[2].partition('@')[2]}")
    unseen = {subject for subject, one in findings.items() if one.level == "unknown"}
    assert unseen >= {"redis version", "redis maxmemory-policy", "redis AOF", "redis memory", "redis appendfsync"}
    assert "problem" not in {one.level for one in findings.values()}


async def test_a_wrong_password_is_told_from_a_server_that_is_away(server: RedisServer, own_redis: Redis) -> None:
    wrong = await found(f"redis://:wrong-password@{server.url.partition('@')[2]}")
    away = await found("redis://127.0.0.1:1/0")
    assert "refuses the password" in wrong["redis"].what
    assert "does not answer at 127.0.0.1:1" in away["redis"].what
    assert wrong["redis"].level == away["redis"].level == "problem"


async def test_an_address_that_cannot_be_read_is_a_problem() -> None:
    findings = await found("redis://[nowhere")
    assert [(one.level, "REDIS_URL" in one.what) for one in findings.values()] == [("problem", True)]


@pytest.mark.parametrize(("ahead", "level"), [(0.5, "ok"), (-5.0, "warning"), (100.0, "problem")])
def test_clocks_that_disagree_are_found_out(ahead: float, level: str) -> None:
    now = datetime.datetime.now(datetime.UTC).timestamp()
    assert clock_finding("clock", now + ahead, now - 0.01, now + 0.01).level == level


async def test_living_workers_and_mixed_releases_are_said(server: RedisServer, own_redis: Redis) -> None:
    for release, stage in ((RELEASE, "normalize"), ("0.1.0", "diarize")):
        service = {"normalize": "normalizer", "diarize": "diarizer"}[stage]
        info = WorkerInfo(consumer=release, service=service, release=release, stages={stage: None})
        await Heartbeat(own_redis, info, lifetime=30.0).beat()
    findings = await examined([workers_check(server.url, "normalizer")])
    assert [one.level for one in findings] == ["warning", "ok", "warning"]
    assert "diarizer 0.1.0" in findings[0].what
    assert findings[1].what == "normalize has 1 living worker"
    assert findings[2].what == "normalize_sample has no living worker"


async def test_waiting_work_without_a_worker_is_a_problem(server: RedisServer, own_redis: Redis) -> None:
    await own_redis.xadd(stream_key(STREAMS["normalize"][0]), {"event": "{}"})
    findings = await examined([workers_check(server.url, "normalizer")])
    assert [(one.level, one.what) for one in findings[1:]] == [
        ("problem", "normalize has work and no living worker"),
        ("warning", "normalize_sample has no living worker"),
    ]


async def test_a_living_worker_that_stands_still_is_a_problem(server: RedisServer, own_redis: Redis) -> None:
    stages = {"normalize": None, "normalize_sample": None}
    info = WorkerInfo(consumer="one-that-stands", service="normalizer", release=RELEASE, stages=stages)
    since = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    await Heartbeat(own_redis, info, lifetime=30.0).beat(stopped={"normalize": since})
    findings = await examined([workers_check(server.url, "normalizer")])
    assert [one.level for one in findings] == ["ok", "ok", "problem", "ok"]
    assert findings[2].what == "normalize has stood still in one-that-stands since 2026-01-02 03:04:05Z"
