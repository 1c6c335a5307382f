"""New work is refused while too much waits before a stage, and nothing that was accepted is lost."""

import asyncio
import uuid
from collections.abc import Sequence

import httpx
import pytest

from libs.common.events import ChunkPlanned, Event, MeetingAccepted
from libs.common.line import CONSUMERS
from libs.common.speech import Segment
from libs.common.streams.keys import stream_key
from libs.common.streams.queue import Delivery, StageQueue
from services.gateway.backpressure import CHUNKS_PER_MEETING
from services.gateway.gateway import Gateway
from services.gateway.settings import GatewaySettings
from tests.integration.line import accepted, publish, until
from tests.integration.services.gateway.meeting_rows import accept_meeting
from tests.integration.services.gateway.rows import background

LIMIT = 3
AUDIO = {"audio": ("weekly.wav", b"any bytes", "audio/wav")}


@pytest.fixture
def settings(settings: GatewaySettings) -> GatewaySettings:
    return settings.model_copy(update={"backlog_limit": LIMIT})


async def upload(client: httpx.AsyncClient, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/api/meetings/process", files=AUDIO, headers=headers)


async def enroll(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/speakers/enroll", files=AUDIO, data={"name": "Ana"})


def meeting() -> MeetingAccepted:
    run = str(uuid.uuid4())
    return MeetingAccepted(workspace="default", run_id=run, meeting_id=run, request_key="r", upload_key="k")


def chunk() -> ChunkPlanned:
    return ChunkPlanned(
        **meeting().subject,
        audio_key="a",
        duration=60.0,
        turns_key="t",
        speakers_key="s",
        index=0,
        num_chunks=1,
        segment=Segment(start=0.0, end=60.0),
    )


async def fill(gateway: Gateway, events: Sequence[Event]) -> None:
    for event in events:
        await publish(gateway.redis, event)


async def finish(gateway: Gateway, event: type[Event]) -> None:
    await gateway.redis.delete(stream_key(event.stream))


async def relay(gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    while await parts.relay.relay():
        pass


def assert_refused(answer: httpx.Response, stage: str, units: int) -> int:
    """Seconds after which the client is to try again."""
    assert (answer.status_code, answer.json()["code"]) == (429, "backlog_full"), answer.text
    assert answer.json()["backlog"] == {"stage": stage, "units": units, "limit": LIMIT}
    return int(answer.headers["Retry-After"])


async def test_a_full_stage_refuses_meetings_until_it_has_room(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    await until(lambda: _is_refused(client))
    assert_refused(await upload(client), "normalize", LIMIT)
    await finish(gateway, MeetingAccepted)

    async def is_accepted() -> bool:
        return (await upload(client)).status_code == 202

    await until(is_accepted)
    assert len(await gateway.database.fetch("SELECT FROM meetings")) == 1


async def test_refusals_are_counted_by_the_stage_that_is_full(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    refused = 0
    async with asyncio.timeout(20):
        while refused < 2:
            refused += (await upload(client)).status_code == 429
    counted = (await client.get("/metrics")).text.splitlines()
    assert 'hansard_refused_requests_total{stage="normalize"} 2.0' in counted
    assert 'hansard_refused_requests_total{stage="enroll"} 0.0' in counted


async def test_a_refusal_and_the_metrics_say_how_many_wait_however_many_they_are(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    async with gateway.redis.pipeline(transaction=False) as pipe:
        for _ in range(12_345):
            pipe.xadd(stream_key(MeetingAccepted.stream), {"fact": "f"})
        await pipe.execute()
    await until(lambda: _is_refused(client))
    assert_refused(await upload(client), "normalize", 12_345)
    assert 'hansard_stage_waiting_units{stage="normalize"} 12345.0' in (await client.get("/metrics")).text.splitlines()


async def test_work_that_is_put_aside_or_on_loan_counts(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    stage = CONSUMERS[MeetingAccepted.stream].stage
    queue = StageQueue(gateway.redis, gateway.scripts, stream=MeetingAccepted.stream, group=stage, consumer="c1")
    await queue.ensure_group()
    first, _ = await queue.read(2, block=1.0)
    assert isinstance(first, Delivery)
    assert await queue.delay(first, "unit", delay=600.0, spent=0) == "held"
    await until(lambda: _is_refused(client))
    assert_refused(await upload(client), "normalize", LIMIT)


async def test_a_refusal_reads_no_body_and_leaves_nothing(
    client: httpx.AsyncClient, gateway: Gateway, address: tuple[str, int]
) -> None:
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    await until(lambda: _is_refused(client))
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        b"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 900000\r\nExpect: 100-continue\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 429")
    assert await gateway.store.list("") == []
    assert await gateway.database.fetch("SELECT FROM uploads") == []


async def test_twenty_times_as_many_chunks_may_wait(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await fill(gateway, [chunk() for _ in range(LIMIT * CHUNKS_PER_MEETING - 1)])
    assert (await upload(client)).status_code == 202
    await fill(gateway, [chunk()])
    await until(lambda: _is_refused(client))
    backlog = (await upload(client)).json()["backlog"]
    assert backlog == {"stage": "transcribe", "units": LIMIT * CHUNKS_PER_MEETING, "limit": LIMIT * CHUNKS_PER_MEETING}


async def test_a_queue_of_meetings_does_not_hold_up_enrolment(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    assert (await enroll(client)).status_code == 202


async def test_a_queue_of_samples_refuses_samples_and_no_meetings(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await fill(gateway, [accepted() for _ in range(LIMIT)])
    await until(lambda: _is_refused(client, "speakers/enroll"))
    assert_refused(await enroll(client), "normalize_sample", LIMIT)
    assert (await upload(client)).status_code == 202


@pytest.mark.parametrize(("finished", "least", "most"), [(0, 600, 600), (30, 20, 25), (300, 5, 5)])
async def test_the_wait_follows_from_what_the_stage_finished_lately(
    client: httpx.AsyncClient, gateway: Gateway, finished: int, least: int, most: int
) -> None:
    recorded = await accept_meeting(client, gateway)
    await gateway.database.execute(
        "INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report)"
        " SELECT $1, 'normalize', i::text, 0, 1, 'audio.normalized.v1', '{}', '{}' FROM generate_series(1, $2) AS i",
        uuid.UUID(recorded.run_id),
        finished,
    )
    await fill(gateway, [meeting() for _ in range(LIMIT)])  # with the one in the outbox, two have to be finished
    await until(lambda: _is_refused(client, units=LIMIT + 1))
    assert least <= assert_refused(await upload(client), "normalize", LIMIT + 1) <= most


async def test_a_repeat_of_an_accepted_request_is_answered_although_the_line_is_full(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    first = await upload(client, key="mine")
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    await until(lambda: _is_refused(client))
    again = await upload(client, key="mine")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await upload(client, key="another")).status_code == 429


async def test_a_replay_is_refused_for_the_stages_that_it_passes_through(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    recorded = await accept_meeting(client, gateway)
    await recorded.transcribe()
    await fill(gateway, [meeting() for _ in range(LIMIT)])
    await until(lambda: _is_refused(client, units=LIMIT + 1))
    replay = f"/api/meetings/{recorded.meeting_id}/replay"
    assert_refused(await client.post(replay, json={"from_stage": "normalize"}), "normalize", LIMIT + 1)
    assert (await client.post(replay, json={"from_stage": "match"})).json().get("code") != "backlog_full"


async def test_without_redis_meetings_are_accepted_until_the_outbox_is_full(
    client_without_redis: httpx.AsyncClient, client: httpx.AsyncClient, gateway: Gateway
) -> None:
    for _ in range(LIMIT):
        assert (await upload(client_without_redis)).status_code == 202
    await until(lambda: _is_refused(client_without_redis))
    assert_refused(await upload(client_without_redis), "normalize", LIMIT)
    await relay(gateway)
    assert await gateway.redis.xlen(stream_key(MeetingAccepted.stream)) == LIMIT


async def test_while_redis_is_out_of_memory_what_is_accepted_waits_and_is_not_lost(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    relaying = asyncio.create_task(parts.relay.run())
    await gateway.redis.config_set("maxmemory", 1)
    try:
        for _ in range(LIMIT):
            assert (await upload(client)).status_code == 202
        await until(lambda: _is_refused(client))
        assert await gateway.redis.xlen(stream_key(MeetingAccepted.stream)) == 0
    finally:
        await gateway.redis.config_set("maxmemory", 0)
    await until(lambda: _are_published(gateway, LIMIT))
    relaying.cancel()
    await asyncio.wait({relaying})


async def test_all_requests_of_a_second_share_one_look(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await upload(client)
    await gateway.redis.config_resetstat()
    await asyncio.gather(*(upload(client) for _ in range(20)))
    scripts = (await gateway.redis.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})
    assert scripts["calls"] <= 2 * len(CONSUMERS)  # one second may end in between


async def _is_refused(client: httpx.AsyncClient, what: str = "meetings/process", *, units: int | None = None) -> bool:
    """Asked without a body, which a gateway that has room finds at fault.

    Waited for, because a look that took too long counts less than there is.
    """
    answer = await client.post(f"/api/{what}")
    return answer.status_code == 429 and units in {None, answer.json()["backlog"]["units"]}


async def _are_published(gateway: Gateway, meetings: int) -> bool:
    return bool(await gateway.redis.xlen(stream_key(MeetingAccepted.stream)) == meetings)
