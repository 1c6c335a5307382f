"""Server-sent events of the line, as a client on the network gets them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from libs.common.events import StageFailed
from libs.common.streams.queue import Delivery, StageQueue
from services.gateway.gateway import Gateway
from services.gateway.pipeline.following import SILENT_AT_MOST
from tests.integration.line import accepted, publish, until
from tests.integration.services.gateway.rows import publish_as

PATH = "/api/pipeline/events"


@dataclass
class Sent:
    """One server-sent event."""

    fields: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.fields.get("event", "message")

    @property
    def id(self) -> str:
        return self.fields["id"]

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.fields["data"]))


class Stream:
    """The events of one response."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> Sent:
        sent = Sent()
        async with asyncio.timeout(20):
            async for line in self._lines:
                if not line and sent.fields:
                    return sent
                name, _, value = line.partition(": ")
                if name:
                    sent.fields[name] = value
        raise AssertionError("the stream has ended")

    async def is_over(self) -> bool:
        async with asyncio.timeout(20):
            return [line async for line in self._lines if line] == []


@pytest.fixture
async def reader(address: tuple[str, int]) -> AsyncIterator[httpx.AsyncClient]:
    host, port = address
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=20) as client:
        yield client


@asynccontextmanager
async def following(reader: httpx.AsyncClient, last_id: str | None = None, **parameters: str) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with reader.stream("GET", PATH, params=parameters, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        assert (await stream.next()).kind == "begin"
        yield stream


async def test_an_event_is_shown_as_it_happens(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    await publish(gateway.redis, accepted())
    async with following(reader) as stream:
        event = accepted()
        await publish(gateway.redis, event)
        sent = await stream.next()
        assert sent.kind == "message"
        assert sent.data["event"] == f"{event.run_id}/accept#0"
        assert (sent.data["stream"], sent.data["stage"]) == (event.stream, "accept")
        assert sent.data["body"] == event.model_dump(mode="json")
        assert sent.data["sample_id"] == event.sample_id
        assert (sent.data["is_again"], sent.data["spent"]) == (False, 0)


async def test_what_is_handed_out_again_says_so(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    event = accepted()
    await publish(gateway.redis, event)
    queue = StageQueue(gateway.redis, gateway.scripts, stream=event.stream, group="normalize_sample", consumer="c1")
    await queue.ensure_group()
    [delivery] = await queue.read(1, block=1.0)
    assert isinstance(delivery, Delivery)
    await queue.delay(delivery, "unit", delay=0, spent=1)
    async with following(reader) as stream:
        await queue.promote()
        sent = await stream.next()
        assert (sent.data["event"], sent.data["is_again"], sent.data["spent"]) == (f"{event.run_id}/accept#0", True, 1)


async def test_a_client_that_connects_again_misses_nothing(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    async with following(reader) as stream:
        await publish(gateway.redis, accepted())
        last_id = (await stream.next()).id
    missed = accepted()
    await publish(gateway.redis, missed)
    async with following(reader, last_id) as stream:
        assert (await stream.next()).data["run_id"] == missed.run_id


async def test_since_begins_in_the_past(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    event = accepted()
    await publish(gateway.redis, event)
    async with following(reader, since="600") as stream:
        assert (await stream.next()).data["run_id"] == event.run_id


async def test_an_event_of_another_workspace_is_never_shown(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    async with following(reader) as stream:
        theirs = accepted()
        await publish(gateway.redis, theirs.model_copy(update={"workspace": "other"}))
        ours = accepted()
        await publish(gateway.redis, ours)
        assert (await stream.next()).data["run_id"] == ours.run_id


async def test_only_what_is_wished_for_is_shown(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    async with following(reader, failed="true", stage="enroll") as stream:
        await publish(gateway.redis, accepted())
        for stage in ("normalize_sample", "enroll"):
            event = accepted()
            failure = StageFailed(
                workspace="default", run_id=event.run_id, stage=stage, unit_part="", code="c", message="m", attempts=1
            )
            await publish_as(gateway.redis, failure, stage)
        sent = await stream.next()
        assert (sent.data["stage"], sent.data["given_up"]) == ("enroll", {"code": "c", "message": "m"})


@pytest.mark.parametrize(
    ("parameters", "headers", "name"),
    [
        ({"stage": "cooking"}, {}, "stage"),
        ({"since": "-1"}, {}, "since"),
        ({}, {"Last-Event-ID": "nonsense"}, "Last-Event-ID"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_a_problem(
    client: httpx.AsyncClient, parameters: dict[str, str], headers: dict[str, str], name: str
) -> None:
    answer = await client.get(PATH, params=parameters, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


async def test_a_client_that_leaves_is_forgotten(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    async def readers() -> int:
        return int((await gateway.redis.info("clients"))["blocked_clients"])

    async with following(reader):
        await until(readers)

    async def is_over() -> bool:
        return await readers() == 0

    await until(is_over)


async def test_the_end_says_where_to_go_on_although_nothing_was_shown(
    reader: httpx.AsyncClient, gateway: Gateway
) -> None:
    async with following(reader, failed="true") as one, following(reader) as other:
        await publish(gateway.redis, accepted())
        place = (await other.next()).id
        gateway.tail.close()
        assert (await one.next()).id == place


async def test_a_client_that_is_shown_little_hears_how_far_it_has_come(
    reader: httpx.AsyncClient, gateway: Gateway
) -> None:
    async with following(reader, failed="true") as one, following(reader) as other:
        for _ in range(SILENT_AT_MOST):
            await publish(gateway.redis, accepted())
            place = (await other.next()).id
        assert (await one.next()).fields == {"id": place}


async def test_a_gateway_that_stops_says_goodbye(reader: httpx.AsyncClient, gateway: Gateway) -> None:
    async with following(reader) as stream:
        gateway.tail.close()
        sent = await stream.next()
        assert (sent.kind, sent.data["reason"]) == ("end", "closing")
        assert await stream.is_over()


async def test_what_is_no_id_names_no_meeting(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/pipeline/events", params={"meeting": "nonsense"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no meeting nonsense")
