"""The state of the line: from Redis and Postgres, without a trace."""

from typing import Any

import httpx
from redis.asyncio import Redis

from libs.common.minutes import Usage
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import STREAMS, Heartbeat, WorkerInfo
from libs.common.streams.queue import StageQueue
from services.gateway.gateway import Gateway
from tests.integration.line import accepted, publish
from tests.integration.services.gateway.meeting_rows import accept_meeting
from tests.integration.services.gateway.rows import accept_sample, background

Stage = dict[str, Any]


async def stages(client: httpx.AsyncClient) -> dict[str, Stage]:
    answer = await client.get("/api/pipeline")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["stages"])


async def take_one(gateway: Gateway) -> None:
    queue = StageQueue(
        gateway.redis, gateway.scripts, stream="sample.accepted.v1", group="normalize_sample", consumer="c1"
    )
    await queue.ensure_group()
    await queue.read(1, block=1.0)


async def test_every_stage_says_what_waits_and_who_works(client: httpx.AsyncClient, gateway: Gateway) -> None:
    for _ in range(3):
        await publish(gateway.redis, accepted())
    await take_one(gateway)
    info = WorkerInfo(consumer="c1", service="normalizer", release="7", stages={"normalize_sample": "ffmpeg"})
    await Heartbeat(gateway.redis, info, lifetime=30).beat()
    found = await stages(client)
    assert set(found) == set(STREAMS)
    one = found["normalize_sample"]
    queue = one["queue"]
    assert (queue["waiting"], queue["pending"], queue["delayed"], queue["length"]) == (2, 1, 0, 3)
    assert (queue["attempts"], queue["repeated"]) == (1, 0)
    assert queue["memory_bytes"] > 0
    assert queue["oldest"] >= 0
    assert one["workers"] == [{"consumer": "c1", "release": "7", "engine": "ffmpeg"}]
    assert found[PROJECTION]["queue"]["waiting"] == 3


async def test_throughput_survives_a_redis_that_forgets_everything(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting = await accept_meeting(client, gateway)
    await meeting.transcribe()
    await gateway.redis.flushall()
    await gateway.database.execute("UPDATE facts SET recorded_at = now() - interval '3 minutes' WHERE stage = 'match'")
    await gateway.database.execute(
        "UPDATE facts SET report = jsonb_set(report, '{seconds}', '3') WHERE stage = 'match'"
    )
    found = await stages(client)
    throughput = found["match"]["throughput"]
    assert (throughput["last_minute"], throughput["last_5_minutes"], throughput["last_15_minutes"]) == (0, 1, 1)
    assert (throughput["median_seconds"], throughput["percentile_95_seconds"]) == (3.0, 3.0)
    assert found["diarize"]["throughput"]["last_minute"] == 1
    assert found[PROJECTION]["throughput"]["last_15_minutes"] == 5
    assert found["enroll"]["throughput"]["median_seconds"] is None


async def test_what_a_replay_took_over_was_not_worked_again(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting = await accept_meeting(client, gateway)
    await meeting.transcribe()
    await gateway.database.execute("UPDATE facts SET worked_in = run_id")
    assert (await stages(client))["match"]["throughput"]["last_15_minutes"] == 0


async def test_throughput_says_what_remote_models_took(client: httpx.AsyncClient, gateway: Gateway) -> None:
    priced = Usage(calls=3, cached_calls=1, input_tokens=900, output_tokens=100, cost_usd=0.25)
    meeting = await accept_meeting(client, gateway)
    await meeting.transcribe()
    await meeting.summarize("engineer", priced)
    assert (await stages(client))["summarize"]["throughput"]["usage"] == priced.model_dump()
    await meeting.summarize("executive", priced.model_copy(update={"cost_usd": None}))
    found = await stages(client)
    assert found["summarize"]["throughput"]["usage"]["cost_usd"] is None
    assert found["summarize"]["throughput"]["usage"]["input_tokens"] == 1800
    assert found["transcribe"]["throughput"]["usage"] is None
    assert found[PROJECTION]["throughput"]["usage"] is None


async def test_put_backs_are_counted_over_all_gateways(client: httpx.AsyncClient, gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    await gateway.redis.flushall()
    assert await parts.reconciler.reconcile() == 1
    await gateway.redis.flushall()
    other = background(gateway.database, gateway.redis, gateway.store)
    assert await other.reconciler.reconcile() == 1
    found = await stages(client)
    assert found["normalize_sample"]["put_backs"]["inputs"] == 2
    assert found["normalize_sample"]["put_backs"]["last_at"] is not None
    assert found["normalize"]["put_backs"] == {"inputs": 0, "last_at": None}


async def test_dead_letters_of_the_workspace_are_counted(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting = await accept_meeting(client, gateway)
    await meeting.fail("normalize")
    assert (await stages(client))["normalize"]["dead"] == 1


async def test_without_redis_postgres_still_answers(client_without_redis: httpx.AsyncClient) -> None:
    found = await stages(client_without_redis)
    assert found["match"]["queue"] is None
    assert found["match"]["throughput"]["last_15_minutes"] == 0


async def test_looking_leaves_no_trace(client: httpx.AsyncClient, gateway: Gateway) -> None:
    for _ in range(2):
        await publish(gateway.redis, accepted())
    await take_one(gateway)

    async def everything(redis: Redis) -> object:
        keys = sorted([str(key) async for key in redis.scan_iter()])
        streams = [key for key in keys if await redis.type(key) == "stream"]
        full = [await redis.xinfo_stream(key, full=True) for key in streams]
        pending = await redis.xpending("{hansard}:sample.accepted.v1", "normalize_sample")
        return keys, full, pending, await redis.dbsize()

    before = await everything(gateway.redis)
    await stages(client)
    assert await everything(gateway.redis) == before
