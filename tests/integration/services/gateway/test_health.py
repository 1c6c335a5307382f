"""The health of the dependencies and of the line."""

import asyncio
import datetime
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from libs.common.events import Event, SampleAccepted
from libs.common.stage import Work
from libs.common.status.pages import Status, pages
from libs.common.streams.keys import stream_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.queue import StageQueue
from services.gateway.app import create_app
from services.gateway.gateway import Gateway
from services.gateway.health import HealthCheck
from services.gateway.settings import GatewaySettings
from tests.integration.line import accepted, entry_of, normalized, publish, stage, until, working
from tests.integration.obedient_service import LOADED, PROCEED
from tests.integration.service_process import service_process
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


GROUP = "normalize_sample"
NOW = datetime.datetime(2026, 1, 31, 12, 0, 0, tzinfo=datetime.UTC)


@pytest.fixture
def gateway(gateway: Gateway) -> Gateway:
    """Looks each time that it is asked: what a test has just done shows at once."""
    health = HealthCheck(gateway.database, gateway.store, gateway.redis, gateway.scripts, fresh=0.0)
    return replace(gateway, health=health)


async def beat(gateway: Gateway, **engines: str | None) -> None:
    await heartbeat(gateway, **engines).beat()


def heartbeat(gateway: Gateway, **engines: str | None) -> Heartbeat:
    info = WorkerInfo(consumer="c1", service="worker", release="0", stages=engines, lease=0.001)
    return Heartbeat(gateway.redis, info, lifetime=300.0)


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


async def test_a_living_worker_that_stands_still_is_named(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await heartbeat(gateway, **dict.fromkeys(STAGES)).beat(stopped={GROUP: NOW})
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    assert answer.json()["problems"] == [
        f"{GROUP} has stood still in c1 since 2026-01-31 12:00:00Z; start that process again"
    ]
    assert answer.json()["stages"][GROUP]["stopped"] == [{"consumer": "c1", "since": "2026-01-31T12:00:00Z"}]
    await beat(gateway, **dict.fromkeys(STAGES))
    assert (await client.get("/health")).status_code == 200


async def test_an_entry_that_is_left_unread_although_a_worker_has_room_is_not_healthy(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    await unread_for(gateway, seconds=60)
    await heartbeat(gateway, **dict.fromkeys(STAGES)).beat(room={GROUP: 55.0})
    answer = await client.get("/health")
    assert answer.status_code == 503
    [problem] = answer.json()["problems"]
    assert problem.startswith(f"{GROUP} has left an entry unread for 6")
    assert answer.json()["stages"][GROUP]["left_unread"] >= 60


async def test_a_line_that_is_only_busy_is_healthy(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await unread_for(gateway, seconds=60)
    for room in ({}, {GROUP: 0.4}, {"enroll": 55.0}):
        await heartbeat(gateway, **dict.fromkeys(STAGES)).beat(room=room)
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()["problems"]) == (200, [])


async def test_room_that_came_before_the_entry_is_no_fault(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await unread_for(gateway, seconds=1)
    await heartbeat(gateway, **dict.fromkeys(STAGES)).beat(room={GROUP: 55.0})
    assert (await client.get("/health")).status_code == 200


async def test_a_stage_that_is_stuck_while_its_process_lives_turns_both_red_until_it_moves(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    proceed = asyncio.Event()

    async def deaf(event: SampleAccepted, work: Work) -> list[Event]:
        while not proceed.is_set():
            with suppress(asyncio.CancelledError):
                await proceed.wait()
        return [normalized(event)]

    await publish(gateway.redis, accepted())
    await beat(gateway, **dict.fromkeys(STAGES - {GROUP}))
    async with working(gateway.redis, gateway.store, stage(deaf, deadline=0.1), patience=5.0) as worker:
        status = Status("normalizer", CollectorRegistry(), stopped=lambda: worker.stopped)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages(status)), base_url="http://worker") as own:
            try:
                await until(lambda: answers(own, 503))
                assert (await own.get("/health")).json()["stopped"][0]["stage"] == GROUP
                await until(lambda: complains(client, f"{GROUP} has stood still in {worker.consumer} since "))
                assert await answers(client, 503)
            finally:
                proceed.set()  # what is deaf would hold the test up
            await until(lambda: answers(own, 200))
            await until(lambda: answers(client, 200))


async def test_a_process_that_is_stopped_turns_the_line_red_until_it_goes_on(
    client: httpx.AsyncClient, gateway: Gateway, settings: GatewaySettings, tmp_path: Path
) -> None:
    await gateway.store.put(LOADED, b"")
    await gateway.store.put(PROCEED, b"")
    await beat(gateway, **dict.fromkeys(STAGES - {GROUP}))
    variables = {"REDIS_URL": settings.redis_url, "OBJECT_STORE_URL": settings.object_store_url}
    async with service_process(tmp_path, "tests.integration.obedient_service", **variables) as service:
        await until(lambda: answers(client, 200, status="ok"))
        service.process.send_signal(signal.SIGSTOP)
        await publish(gateway.redis, accepted())
        await until(lambda: complains(client, f"{GROUP} has work and no living worker"))
        assert await answers(client, 503)
        service.process.send_signal(signal.SIGCONT)
        await until(lambda: answers(client, 200, status="ok"))


async def answers(client: httpx.AsyncClient, code: int, *, status: str | None = None) -> bool:
    answer = await client.get("/health")
    return answer.status_code == code and status in {None, answer.json()["status"]}


async def complains(client: httpx.AsyncClient, beginning: str) -> bool:
    problems = (await client.get("/health")).json()["problems"]
    return [one[: len(beginning)] for one in problems] == [beginning]


async def unread_for(gateway: Gateway, *, seconds: float) -> None:
    """An entry that nobody has read, as if it had been added so long ago."""
    event = accepted()
    now, _ = await gateway.redis.time()
    id_ = f"{int((now - seconds) * 1000)}-1"
    fields = dict(zip(*[iter(entry_of(event).fields())] * 2, strict=True))
    await gateway.redis.xadd(stream_key(event.stream), fields, id=id_)


async def test_a_dependency_that_is_down_is_named(client_without_redis: httpx.AsyncClient) -> None:
    for path in ("/health", "/ready"):
        answer = await client_without_redis.get(path)
        assert (answer.status_code, answer.json()["dependencies"]["redis"]["status"]) == (503, "down")
        assert answer.json()["dependencies"]["postgres"]["status"] == "up"


async def test_a_ready_gateway_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_all_who_ask_within_a_second_share_one_look(gateway: Gateway) -> None:
    # However long twenty take here, it is within the moment.
    shared = HealthCheck(gateway.database, gateway.store, gateway.redis, gateway.scripts, fresh=60.0)
    transport = httpx.ASGITransport(create_app(replace(gateway, health=shared)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await gateway.health.health()  # loads the scripts
        await commands(gateway)
        await gateway.health.health()
        alone = await commands(gateway)
        await asyncio.gather(*(client.get(path) for path in ("/health", "/ready") * 20))
        together = await commands(gateway)
    assert together["evalsha"] == alone["evalsha"]
    assert together["ping"] == 1


async def commands(gateway: Gateway) -> dict[str, int]:
    """How often Redis was asked for what, since the last time that it was asked this."""
    asked = await gateway.redis.info("commandstats")
    await gateway.redis.config_resetstat()
    return {name.removeprefix("cmdstat_"): one["calls"] for name, one in asked.items()}


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
