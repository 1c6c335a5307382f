"""Spans of a worker: one trace per run whatever is lost, and a receiver that cannot hold the work up."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import pytest
import structlog
from opentelemetry.trace import SpanKind
from redis.asyncio import Redis
from structlog.testing import capture_logs

from libs.common.errors import EngineUnavailable
from libs.common.events import Event, SampleAccepted, SampleNormalized
from libs.common.outcome import PublishedEvent, Unit
from libs.common.settings import ServiceSettings
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import stream_key
from libs.common.streams.queue import Publisher
from libs.common.streams.scripts import Scripts
from libs.common.tracing.run_trace import root_of
from libs.common.tracing.setup import tracing
from libs.common.tracing.spans import run_span, trace_ids
from tests.integration.line import REPORT, accepted, entries, normalized, publish, stage, working
from tests.otlp_receiver import Receiver, receiving

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def _settings(receiver: Receiver, **others: object) -> ServiceSettings:
    return ServiceSettings.model_validate({"otel_exporter_otlp_endpoint": receiver.url, **others})


async def _publish(redis: Redis, event: Event, *, trace: str) -> None:
    unit = Unit(run_id=event.run_id, stage="accept")
    published = entries_of(unit, (PublishedEvent.of(event),), REPORT, trace=trace)
    await Publisher(redis, Scripts(redis)).publish(unit_id=unit.id, run_id=event.run_id, entries=published)


async def test_a_run_stays_one_trace_when_redis_is_emptied_under_it(
    redis: Redis, store: ObjectStore, receiver: Receiver
) -> None:
    event, begun = accepted(), asyncio.Event()

    async def work(_event: SampleAccepted, work: Work) -> Sequence[Event]:
        if not begun.is_set():
            begun.set()
            await redis.flushall()
        return [normalized(event)]

    with tracing("test", _settings(receiver)):
        async with working(redis, store, stage(work)):
            await publish(redis, event)
            await asyncio.wait_for(begun.wait(), 20)
            await entries(redis, SampleNormalized, count=1)
            await redis.flushall()
            await publish(redis, event)
            await entries(redis, SampleNormalized, count=1)
    attempts = [one for one in receiver.spans if one.stage]
    assert [one.attributes["hansard.result"] for one in attempts] == ["finished", "found"]
    assert {one.trace_id for one in receiver.spans} == {f"{root_of(event.run_id).trace_id:032x}"}


async def test_every_attempt_links_who_published_the_entry(
    redis: Redis, store: ObjectStore, receiver: Receiver
) -> None:
    event = accepted()

    async def fail_once(_event: SampleAccepted, work: Work) -> Sequence[Event]:
        if work.attempt == 1:
            raise EngineUnavailable("not yet")
        return [normalized(event)]

    with tracing("test", _settings(receiver)):
        async with working(redis, store, stage(fail_once)):
            await _publish(redis, event, trace=PARENT)
            [entry] = await entries(redis, SampleNormalized, count=1)
    first, second = (one for one in receiver.spans if one.stage)
    assert first.links == second.links == (("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),)
    assert (first.is_error, first.attributes["error.type"]) == (True, "engine_unavailable")
    [published] = [one for one in receiver.spans if one.kind == "PRODUCER"]
    assert entry["trace"] == f"00-{published.trace_id}-{published.span_id}-01"
    assert published.parent_id == second.span_id


async def test_an_entry_of_a_release_without_traces_is_worked_and_links_nobody(
    redis: Redis, store: ObjectStore, receiver: Receiver
) -> None:
    event = accepted()
    unit = Unit(run_id=event.run_id, stage="accept")
    fields = [str(one) for one in entries_of(unit, (PublishedEvent.of(event),), REPORT)[0].fields()]
    assert fields[-2] == "trace"
    with tracing("test", _settings(receiver)):
        async with working(redis, store, stage()):
            older = dict(zip(fields[:-2:2], fields[1:-2:2], strict=True))
            await redis.xadd(stream_key(SampleAccepted.stream), older)  # type: ignore[arg-type]  # invariant there
            await entries(redis, SampleNormalized, count=1)
    [attempt] = [one for one in receiver.spans if one.stage]
    assert attempt.links == ()


async def test_a_run_that_is_not_sampled_leaves_no_span(redis: Redis, store: ObjectStore, receiver: Receiver) -> None:
    with tracing("test", _settings(receiver, otel_traces_sampler_arg=0.0)):
        async with working(redis, store, stage()):
            await publish(redis, accepted())
            await entries(redis, SampleNormalized, count=1)
    assert receiver.spans == []


async def test_headers_reach_the_receiver(redis: Redis, store: ObjectStore, receiver: Receiver) -> None:
    headers = "authorization=Bearer%20abc%2C, x-team = minutes"
    with tracing("test", _settings(receiver, otel_exporter_otlp_headers=headers)):
        async with working(redis, store, stage()):
            await publish(redis, accepted())
            await entries(redis, SampleNormalized, count=1)
    assert (receiver.headers[0]["authorization"], receiver.headers[0]["x-team"]) == ("Bearer abc,", "minutes")


@pytest.mark.parametrize("fault", ["answers 500", "never answers", "is not there"])
async def test_a_bad_receiver_delays_neither_the_work_nor_the_end(
    redis: Redis, store: ObjectStore, receiver: Receiver, fault: str
) -> None:
    receiver.status = 500
    if fault == "never answers":
        receiver.released.clear()
    settings = _settings(receiver)
    if fault == "is not there":
        settings = ServiceSettings(otel_exporter_otlp_endpoint="http://127.0.0.1:9")
    with capture_logs() as lines:
        with tracing("test", settings):
            async with working(redis, store, stage(slots=4)):
                for _ in range(50):
                    await publish(redis, accepted())
                await entries(redis, SampleNormalized, count=50)
            ending = time.monotonic()
        ended = time.monotonic() - ending
    assert ended < 4.0
    assert len([one for one in lines if one["event"] == "spans get lost"]) <= 1
    assert receiver.spans == []


def test_spans_that_get_lost_are_one_line_of_the_log(receiver: Receiver) -> None:
    receiver.status = 400
    with capture_logs() as lines, tracing("test", _settings(receiver)):
        for number in range(2000):
            with run_span(f"run-{number}", "nothing", SpanKind.INTERNAL):
                pass
    assert len([one for one in lines if one["event"] == "spans get lost"]) == 1
    assert len(receiver.headers) > 1


def test_without_a_receiver_nothing_that_traces_is_loaded_and_no_thread_runs() -> None:
    program = """
import sys, threading
import libs.common.service, services.gateway.serving
from libs.common.settings import ServiceSettings
from libs.common.tracing.setup import tracing
with tracing("test", ServiceSettings()):
    assert threading.active_count() == 1, threading.enumerate()
    sdk = ("opentelemetry.sdk.trace", "opentelemetry.exporter")  # redis-py itself loads the SDK's metrics
    assert not [name for name in sys.modules if name.startswith(sdk)]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_lines_outside_of_a_span_name_none() -> None:
    structlog.contextvars.clear_contextvars()
    assert trace_ids() == {}
