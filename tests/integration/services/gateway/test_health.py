"""The health of the dependencies and of the line."""

import httpx

from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.queue import StageQueue
from services.gateway.gateway import Gateway
from tests.integration.line import accepted, publish
from tests.integration.services.gateway.voices import (
    NEW,
    OLD,
    diarizer_lives,
    embed,
    enrolled,
    fail,
    newest_run,
    reembed,
)

STAGES = {
    "normalize", "diarize", "match", "plan", "transcribe", "assemble", "summarize",
    "normalize_sample", "enroll", "projection",
}  # fmt: skip


async def beat(gateway: Gateway, **engines: str | None) -> None:
    info = WorkerInfo(consumer="c1", service="worker", release="0", stages=engines)
    await Heartbeat(gateway.redis, info, lifetime=30.0).beat()


async def test_an_idle_line_is_healthy(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await beat(gateway, **dict.fromkeys(STAGES))
    answer = await client.get("/health")
    assert answer.json()["problems"] == []
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert set(answer.json()["stages"]) == STAGES
    dependencies = answer.json()["dependencies"]
    assert set(dependencies) == {"postgres", "redis", "object_store"}
    assert all(one["status"] == "up" and one["latency"] >= 0 for one in dependencies.values())


async def test_a_stage_without_a_worker_is_named_before_it_has_work(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    await beat(gateway, **dict.fromkeys(STAGES - {"normalize"}))
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["problems"] == ["normalize has no living worker"]


async def test_work_without_a_worker_is_not_healthy(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await publish(gateway.redis, accepted())
    answer = await client.get("/health")
    stage = answer.json()["stages"]["normalize_sample"]
    assert (answer.status_code, stage["workers"], stage["waiting"]) == (503, 0, 1)
    assert stage["oldest"] >= 0
    assert "normalize_sample has work and no living worker" in answer.json()["problems"]


async def test_a_living_worker_makes_it_healthy_again(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await publish(gateway.redis, accepted())
    await beat(gateway, normalize_sample="ffmpeg", projection=None)
    queue = StageQueue(
        gateway.redis, gateway.scripts, stream="sample.accepted.v1", group="normalize_sample", consumer="c1"
    )
    await queue.ensure_group()
    await queue.read(1, block=1.0)
    answer = await client.get("/health")
    stage = answer.json()["stages"]["normalize_sample"]
    assert answer.status_code == 200, answer.text
    assert (stage["workers"], stage["waiting"], stage["pending"], stage["engines"]) == (1, 0, 1, ["ffmpeg"])


async def test_a_dependency_that_is_down_is_named(client_without_redis: httpx.AsyncClient) -> None:
    for path in ("/health", "/ready"):
        answer = await client_without_redis.get(path)
        assert (answer.status_code, answer.json()["dependencies"]["redis"]["status"]) == (503, "down")
        assert answer.json()["dependencies"]["postgres"]["status"] == "up"


async def test_a_ready_gateway_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_samples_that_another_engine_has_embedded_are_counted_in_a_note(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    clips = [await enrolled(gateway), await enrolled(gateway)]
    await enrolled(gateway, NEW)
    assert await notes(client) == []
    await diarizer_lives(gateway, NEW)
    [note] = await notes(client)
    assert note.endswith("2, in 1 of the workspaces; `hansard speakers re-embed` makes them")
    assert NEW.id in note
    await reembed(client)
    for clip in clips:
        await embed(gateway, await newest_run(gateway, clip), NEW)
    assert await notes(client) == []


async def test_no_note_asks_for_what_the_model_in_use_could_not_embed(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    clip = await enrolled(gateway)
    await diarizer_lives(gateway, NEW)
    await reembed(client)
    assert len(await notes(client)) == 1
    await fail(gateway, await newest_run(gateway, clip), NEW)
    assert await notes(client) == []


async def test_engines_that_do_not_recognize_each_others_speakers_are_noted(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    await diarizer_lives(gateway, OLD)
    await diarizer_lives(gateway, NEW, consumer="diarizer-2")
    [note] = await notes(client)
    assert f"{NEW.id}, {OLD.id}" in note


async def notes(client: httpx.AsyncClient) -> list[str]:
    return list((await client.get("/health")).json()["notes"])
