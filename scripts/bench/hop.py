"""What one hop costs: a stage that does nothing, against a bare XADD/XREADGROUP/XACK loop on the same Redis."""

import asyncio
import datetime
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from libs.common.events import SampleAccepted, SampleNormalized
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.runtime.worker import Worker
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.connection import connect
from libs.common.streams.entry import Entry, entries_of
from libs.common.streams.keys import stream_key

_INPUT, _OUTPUT = stream_key(SampleAccepted.stream), stream_key(SampleNormalized.stream)
_REPORT = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)
_POLL = 0.002


@dataclass(frozen=True)
class HopTimes:
    """Microseconds of wall time per event, median over the rounds, and the median of the ratios round by round."""

    at_a_time: int
    bare: float
    runtime: float
    ratio: float


async def measure_hops(redis_url: str, *, events: int, rounds: int) -> list[HopTimes]:
    """Measure one and ten at a time; bare loop and runtime take turns, because the machine's speed drifts."""
    async with connect(redis_url) as redis:
        return [await _compare(redis, at_a_time, events, rounds) for at_a_time in (1, 10)]


async def _compare(redis: Redis, at_a_time: int, events: int, rounds: int) -> HopTimes:
    bare, runtime = [], []
    for _ in range(rounds):
        bare.append(await _timed(redis, events, lambda: _bare_loop(redis, at_a_time, events)))
        runtime.append(await _timed(redis, events, lambda: _runtime(redis, at_a_time, events)))
    ratios = [ours / theirs for ours, theirs in zip(runtime, bare, strict=True)]
    return HopTimes(at_a_time, statistics.median(bare), statistics.median(runtime), statistics.median(ratios))


async def _timed(redis: Redis, events: int, work: Callable[[], Awaitable[float]]) -> float:
    await redis.flushdb()
    await _publish(redis, events)
    return await work() / events * 1e6


async def _publish(redis: Redis, events: int) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for _ in range(events):
            pipe.execute_command("XADD", _INPUT, "*", *_entry().fields())
        await pipe.execute()


def _entry() -> Entry:
    run_id, sample_id, speaker_id = (str(uuid.uuid4()) for _ in range(3))
    event = SampleAccepted(
        workspace="default",
        run_id=run_id,
        sample_id=sample_id,
        speaker_id=speaker_id,
        upload_key=f"samples/{sample_id}/upload",
    )
    return entries_of(Unit(run_id=run_id, stage="accept"), (PublishedEvent.of(event),), _REPORT)[0]


async def _bare_loop(redis: Redis, at_a_time: int, events: int) -> float:
    await redis.xgroup_create(_INPUT, "bare", id="0")
    done, started = 0, time.perf_counter()

    async def hop(id_: str, fields: dict[str, str]) -> None:
        await redis.xadd(_OUTPUT, fields)  # type: ignore[arg-type]  # the stubs' field type is invariant
        await redis.xack(_INPUT, "bare", id_)

    while done < events:
        answer: list[tuple[str, list[tuple[str, dict[str, str]]]]] = await redis.xreadgroup(  # type: ignore[assignment]
            "bare", "one", {_INPUT: ">"}, count=at_a_time
        )
        entries = answer[0][1]
        await asyncio.gather(*(hop(id_, fields) for id_, fields in entries))
        done += len(entries)
    return time.perf_counter() - started


async def _runtime(redis: Redis, at_a_time: int, events: int) -> float:
    async def echo(event: SampleAccepted, work: Work) -> list[SampleNormalized]:
        return [SampleNormalized(**event.subject, audio_key=event.upload_key, duration=1.0)]

    stage = Stage(name="bench", consumes=SampleAccepted, handle=echo, slots=at_a_time)
    worker = Worker(redis, ObjectStore.open("memory://"), [stage], service="bench", lease=30.0)
    stopped = asyncio.Event()
    started = time.perf_counter()
    running = asyncio.create_task(worker.run(stopped, grace=0.0))
    while await redis.xlen(_OUTPUT) < events:  # noqa: ASYNC110 - the worker is not to know that it is watched
        await asyncio.sleep(_POLL)
    elapsed = time.perf_counter() - started
    stopped.set()
    await running
    return elapsed


def quiet() -> None:
    """No log lines: their price depends on where they go."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
