"""What `/metrics` of a gateway shows after requests were answered and units were worked."""

import asyncio
import datetime
import re
import time
from collections.abc import AsyncIterator

import httpx
from prometheus_client.parser import text_string_to_metric_families

from libs.common.errors import LanguageNotSupported
from libs.common.events import Event, SampleAccepted, SampleNormalized
from libs.common.stage import Work
from libs.common.streams.keys import stream_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from scripts.metrics_page.catalogue import labels_by_series
from services.gateway.app import create_app
from services.gateway.gateway import Gateway, open_gateway
from services.gateway.metrics.line import FRESH, PATIENCE
from services.gateway.serving import running_gateway
from services.gateway.settings import GatewaySettings
from tests.integration.line import echo, stage, until, working
from tests.integration.services.gateway.meeting_rows import accept_meeting
from tests.integration.services.gateway.rows import accept_sample, background, projecting

STAGE = {"stage": "normalize_sample"}


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.samples = {(one.name, frozenset(one.labels.items())): one.value for of in families for one in of.samples}

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((f"hansard_{name}", frozenset(labels.items())))


async def scrape(client: httpx.AsyncClient) -> Scrape:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return Scrape(answer.text)


async def test_what_waits_is_shown_by_stage(client: httpx.AsyncClient, gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await accept_sample(gateway.database)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    await accept_sample(gateway.database)
    info = WorkerInfo(consumer="one", service="normalizer", release="0", stages={"normalize_sample": None})
    await Heartbeat(gateway.redis, info, lifetime=30.0).beat()

    shown = await scrape(client)

    assert shown.value("stage_waiting_units", **STAGE) == 2
    assert shown.value("stage_pending_units", **STAGE) == 0
    assert shown.value("stage_workers", **STAGE) == 1
    assert shown.value("stage_workers", stage="diarize") == 0
    assert shown.value("stage_waiting_units", stage="projection") == 2
    assert shown.value("stream_entries", stream=SampleAccepted.stream) == 2
    assert (shown.value("stream_memory_bytes", stream=SampleAccepted.stream) or 0) > 0
    assert shown.value("outbox_waiting_units") == 1
    assert (shown.value("outbox_oldest_age_seconds") or 0) > 0
    assert {one: shown.value("up", dependency=one) for one in ("redis", "postgres", "object_store")} == {
        "redis": 1,
        "postgres": 1,
        "object_store": 1,
    }


async def test_a_worker_that_says_that_a_stage_stands_still_is_counted(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    stages = {"normalize_sample": None, "normalize": None}
    for consumer in ("stuck", "well"):
        info = WorkerInfo(consumer=consumer, service="normalizer", release="0", stages=stages)
        since = {"normalize_sample": datetime.datetime.now(datetime.UTC)} if consumer == "stuck" else {}
        await Heartbeat(gateway.redis, info, lifetime=30.0).beat(stopped=since)

    shown = await scrape(client)

    assert shown.value("stage_stopped_workers", **STAGE) == 1
    assert shown.value("stage_stopped_workers", stage="normalize") == 0


async def test_a_redis_that_is_down_shows_and_breaks_nothing(client_without_redis: httpx.AsyncClient) -> None:
    shown = await scrape(client_without_redis)
    assert (shown.value("up", dependency="redis"), shown.value("up", dependency="postgres")) == (0, 1)
    assert shown.value("stage_waiting_units", **STAGE) is None, "an old figure must not pass for a new one"
    assert shown.value("outbox_waiting_units") == 0


async def test_a_redis_that_hangs_holds_no_scrape_up(settings: GatewaySettings) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def scrape_once() -> float:
        async with open_gateway(settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})) as gateway:
            began = time.monotonic()
            await gateway.metrics.line.refresh()
            seconds = time.monotonic() - began
            value = gateway.metrics.registry.get_sample_value
            assert value("hansard_up", {"dependency": "redis"}) == 0
            assert value("hansard_up", {"dependency": "postgres"}) == 1
        return seconds

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    # Not much longer than this, a client of Redis gives up by itself; the machine may hold one of them up.
    seconds = [await scrape_once()]
    while seconds[-1] >= PATIENCE + 1.5 and len(seconds) < 3:
        seconds.append(await scrape_once())
    assert seconds[-1] < PATIENCE + 1.5
    server.close()


async def test_redis_is_asked_once_however_often_somebody_scrapes(client: httpx.AsyncClient, gateway: Gateway) -> None:
    async def commands() -> int:
        return int((await gateway.redis.info("stats"))["total_commands_processed"])

    began, first = time.monotonic(), await commands()
    await scrape(client)
    before = await commands()
    await asyncio.gather(*(scrape(client) for _ in range(20)))
    after = await commands()
    looks = int((time.monotonic() - began) / FRESH)  # none, unless the machine is slow
    assert after - before < 5 + looks * (before - first)


async def test_requests_are_counted_by_route_and_status(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meeting = await accept_meeting(client, gateway)
    await client.get(f"/api/meetings/{meeting.meeting_id}/status")
    await client.get(f"/api/meetings/{meeting.run_id}/status")
    await client.get("/nowhere")

    shown = await scrape(client)

    status = {"method": "GET", "route": "/api/meetings/{meeting_id}/status"}
    upload = {"method": "POST", "route": "/api/meetings/process"}
    assert shown.value("http_requests_total", **status, status="2xx") == 1
    assert shown.value("http_requests_total", **status, status="4xx") == 1
    assert shown.value("http_request_seconds_count", **status) == 2
    assert shown.value("http_requests_total", method="GET", route="none", status="4xx") == 1
    assert shown.value("http_requests_total", **upload, status="2xx") == 1
    assert (shown.value("http_received_bytes_total", **upload) or 0) > 100
    assert shown.value("http_uploads_in_progress") == 0
    declared = labels_by_series()
    series = [one for one in shown.samples if not one[0].endswith("_created")]  # off in a process that measures itself
    assert all(declared[name] == {label for label, _ in labels} for name, labels in series)
    assert not [name for name, labels in shown.samples if re.search(r"[0-9a-f]{8}-", str(dict(labels)))]


async def test_a_refusal_at_the_door_is_counted(settings: GatewaySettings) -> None:
    async with open_gateway(settings.model_copy(update={"require_api_key": True})) as gateway:
        transport = httpx.ASGITransport(create_app(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/metrics")).status_code == 401
        registry = gateway.metrics.registry
    labels = {"method": "GET", "route": "none", "status": "4xx"}
    assert registry.get_sample_value("hansard_http_requests_total", labels) == 1


async def test_an_upload_counts_while_it_is_under_way(client: httpx.AsyncClient, gateway: Gateway) -> None:
    begun, proceed = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
        begun.set()
        await proceed.wait()
        yield b"1\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    uploading = asyncio.create_task(client.post("/api/meetings/process", content=body(), headers=headers))
    await begun.wait()
    assert (await scrape(client)).value("http_uploads_in_progress") == 1
    proceed.set()
    await uploading
    assert (await scrape(client)).value("http_uploads_in_progress") == 0


async def test_meetings_and_runs_are_counted_once(client: httpx.AsyncClient, gateway: Gateway) -> None:
    headers = {"Idempotency-Key": "same"}
    files = {"audio": ("a.wav", b"RIFF", "audio/wav")}
    first = await client.post("/api/meetings/process", files=files, headers=headers)
    await client.post("/api/meetings/process", files=files, headers=headers)
    await client.post(f"/api/meetings/{first.json()['meeting_id']}/cancel")
    await client.post(f"/api/meetings/{first.json()['meeting_id']}/cancel")

    shown = await scrape(client)

    assert shown.value("meetings_accepted_total") == 1
    assert shown.value("runs_ended_total", subject="meeting", status="cancelled") == 1
    assert shown.value("runs_ended_total", subject="meeting", status="failed") == 0


async def test_a_run_that_failed_is_counted_once_by_its_facts(client: httpx.AsyncClient, gateway: Gateway) -> None:
    async def refuse(event: SampleAccepted, work: Work) -> list[Event]:
        raise LanguageNotSupported("no Latin")

    parts = background(gateway.database, gateway.redis, gateway.store, counts=gateway.metrics.counts)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    async with projecting(parts), working(gateway.redis, gateway.store, stage(refuse)):
        await until(lambda: _has_ended(gateway))
        await gateway.redis.xgroup_setid(stream_key("stage.failed.v1"), "projection", "0")
        await until(lambda: _is_read_twice(client))
    shown = await scrape(client)
    assert shown.value("runs_ended_total", subject="sample", status="failed") == 1


async def _has_ended(gateway: Gateway) -> bool:
    return bool(await gateway.database.fetch("SELECT FROM runs WHERE ended_at IS NOT NULL"))


async def _is_read_twice(client: httpx.AsyncClient) -> bool:
    """The acceptance, the failure, and the failure again."""
    return (await scrape(client)).value("projection_lag_seconds_count") == 3


async def test_what_flushall_took_is_counted_as_republished(client: httpx.AsyncClient, gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store, counts=gateway.metrics.counts)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    assert (await scrape(client)).value("republished_units_total", **STAGE) == 0
    await gateway.redis.flushall()
    await parts.reconciler.reconcile()
    await parts.reconciler.reconcile()
    assert (await scrape(client)).value("republished_units_total", **STAGE) == 1


async def test_a_gateway_says_what_it_is_and_how_its_process_is(settings: GatewaySettings) -> None:
    async with running_gateway(settings) as gateway:
        value = gateway.metrics.registry.get_sample_value
        await until(lambda: _counts(gateway))
        assert (value("hansard_process_resident_memory_bytes") or 0) > 2**20
        assert (value("hansard_disk_free_bytes", {"folder": "objects"}) or 0) > 0


async def _counts(gateway: Gateway) -> bool:
    return bool(gateway.metrics.registry.get_sample_value("hansard_event_loop_lag_seconds_count"))


async def test_events_are_recorded_soon(client: httpx.AsyncClient, gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store, counts=gateway.metrics.counts)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    async with projecting(parts), working(gateway.redis, gateway.store, stage(echo)):
        await until(lambda: gateway.database.fetch("SELECT FROM facts WHERE stream = $1", SampleNormalized.stream))
    shown = await scrape(client)
    assert shown.value("projection_lag_seconds_count") == 2
    assert (shown.value("projection_lag_seconds_sum") or 0) < 20
