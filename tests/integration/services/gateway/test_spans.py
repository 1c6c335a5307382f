"""What the gateway adds to the trace of a run: its request, its entries, its rows and its end."""

from collections.abc import Iterator

import httpx
import pytest

from libs.common.events import SampleAccepted
from libs.common.settings import ServiceSettings
from libs.common.tracing.run_trace import root_of
from libs.common.tracing.setup import tracing
from services.gateway.gateway import Gateway
from tests.integration.line import entries, until
from tests.integration.services.gateway.meeting_rows import accept_meeting
from tests.integration.services.gateway.rows import accept_sample, background, is_acknowledged, projecting
from tests.otlp_receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def _settings(receiver: Receiver) -> ServiceSettings:
    return ServiceSettings(otel_exporter_otlp_endpoint=receiver.url)


@pytest.mark.parametrize("ending", ["cancel", "delete"])
async def test_a_run_that_is_stopped_has_a_root_too(
    client: httpx.AsyncClient, gateway: Gateway, receiver: Receiver, ending: str
) -> None:
    with tracing("gateway", _settings(receiver)):
        meeting = await accept_meeting(client, gateway)
        path = f"/api/meetings/{meeting.meeting_id}"
        answer = await (client.post(f"{path}/cancel") if ending == "cancel" else client.delete(path))
        assert answer.is_success
    await until(lambda: _arrived(receiver, "meeting"))
    [root] = [one for one in receiver.spans if one.name == "meeting"]
    assert (root.trace_id, root.span_id) == _ids(meeting.run_id)
    assert (root.parent_id, root.attributes["hansard.status"]) == ("", "cancelled")


async def test_a_request_that_is_refused_is_in_no_trace(client: httpx.AsyncClient, receiver: Receiver) -> None:
    with tracing("gateway", _settings(receiver)):
        answer = await client.post("/api/meetings/process", files={"audio": ("a.wav", b"")})
    assert answer.status_code >= 400
    assert receiver.spans == []


async def test_an_entry_names_the_span_that_relayed_it_or_put_it_back(gateway: Gateway, receiver: Receiver) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    with tracing("gateway", _settings(receiver)):
        event = await accept_sample(gateway.database)
        await parts.relay.relay()
        [relayed] = await entries(gateway.redis, SampleAccepted, count=1)
        await gateway.redis.flushall()
        await gateway.database.execute("UPDATE outbox SET sent_at = now() - interval '1 hour'")
        assert await parts.reconciler.reconcile() == 1
        [put_back] = await entries(gateway.redis, SampleAccepted, count=1)
    await until(lambda: _arrived(receiver, "relay", "put back"))
    publishers = {one.name: f"00-{one.trace_id}-{one.span_id}-01" for one in receiver.spans}
    assert publishers == {"relay": relayed["trace"], "put back": put_back["trace"]}
    assert {(one.trace_id, one.parent_id) for one in receiver.spans} == {_ids(event.run_id)}


async def test_a_pass_that_finds_nothing_lost_leaves_no_span(gateway: Gateway, receiver: Receiver) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await accept_sample(gateway.database)
    await parts.relay.relay()
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SampleAccepted))
    with tracing("gateway", _settings(receiver)):
        assert await parts.reconciler.reconcile() == 0
    assert receiver.spans == []


async def test_a_row_links_who_published_its_entry(gateway: Gateway, receiver: Receiver) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    with tracing("gateway", _settings(receiver)):
        await accept_sample(gateway.database)
        await parts.relay.relay()
        async with projecting(parts):
            await until(lambda: is_acknowledged(gateway.redis, SampleAccepted))
    await until(lambda: _arrived(receiver, "relay", f"record {SampleAccepted.stream}"))
    [relay] = [one for one in receiver.spans if one.name == "relay"]
    [record] = [one for one in receiver.spans if one.name == f"record {SampleAccepted.stream}"]
    assert record.links == ((relay.trace_id, relay.span_id),)


async def _arrived(receiver: Receiver, *names: str) -> bool:
    """Who stops waits for a receiver only so long; the spans come all the same."""
    return {one.name for one in receiver.spans} >= set(names)


def _ids(run_id: str) -> tuple[str, str]:
    root = root_of(run_id)
    return f"{root.trace_id:032x}", f"{root.span_id:016x}"
