"""Which stages of a worker move, as it sees it itself."""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from chaos.proxy import Proxy
from libs.common.events import Event, SampleAccepted, SampleNormalized, StageFailed
from libs.common.runtime.worker import StageStopped, Worker
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from libs.common.streams.connection import connect
from libs.common.streams.keys import stream_key
from libs.common.streams.monitor import WorkerInfo, living_workers
from tests.integration.line import accepted, echo, entries, normalized, publish, stage, until, working

GROUP = "normalize_sample"


@pytest.mark.parametrize("slots", [1, 2])
async def test_a_unit_within_its_deadline_stops_nothing_whether_or_not_there_is_room_for_more(
    redis: Redis, store: ObjectStore, slots: int
) -> None:
    began, proceed = asyncio.Event(), asyncio.Event()

    async def slow(event: SampleAccepted, work: Work) -> list[Event]:
        began.set()
        await proceed.wait()
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, stage(slow, slots=slots), lease=0.4, patience=1.2) as worker:
        await asyncio.wait_for(began.wait(), 10)
        await _stays_moving(worker, seconds=2.5)
        proceed.set()
        await entries(redis, SampleNormalized, count=1)


async def test_reads_that_hang_while_redis_answers_stop_a_stage_until_they_end(
    redis: Redis, redis_url: str, store: ObjectStore
) -> None:
    address = urlsplit(redis_url)
    login = f":{address.password}@" if address.password else ""
    async with (
        Proxy(str(address.hostname), address.port or 6379).running() as proxy,
        connect(f"redis://{login}127.0.0.1:{proxy.port}/0") as through,
        working(through, store, stage(), patience=3.0) as worker,
    ):
        with proxy.swallowing(b"XREADGROUP"):
            await publish(redis, accepted())
            await until(lambda: _says(redis, stopped={GROUP}))
            assert set(worker.stopped) == {GROUP}
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: _says(redis, stopped=set()))


async def test_an_outage_of_redis_stops_nothing(redis_url: str, store: ObjectStore) -> None:
    address = urlsplit(redis_url)
    login = f":{address.password}@" if address.password else ""
    async with (
        Proxy(str(address.hostname), address.port or 6379).running() as proxy,
        connect(f"redis://{login}127.0.0.1:{proxy.port}/0") as through,
        working(through, store, stage(), lease=0.4, patience=1.2) as worker,
    ):
        await until(lambda: living_workers(through))
        proxy.close()
        await _stays_moving(worker, seconds=2.5)


async def test_a_stage_that_redis_refuses_for_good_ends_its_worker(redis: Redis, store: ObjectStore) -> None:
    await redis.set(stream_key(SampleAccepted.stream), "no stream")
    worker = Worker(redis, store, [stage()], service="test", lease=1.0, patience=1.2)
    with pytest.raises(StageStopped):
        await asyncio.wait_for(worker.run(asyncio.Event(), grace=0.1), 30)
    assert await living_workers(redis) == []


async def test_a_unit_that_hangs_past_its_deadline_in_every_worker_ends_no_more_workers_than_it_has_attempts(
    redis: Redis, store: ObjectStore
) -> None:
    async def hang(_event: SampleAccepted, _work: Work) -> list[Event]:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()  # what tidies up hangs, until it is cancelled, too
        return []

    hanging = stage(hang, deadline=0.2, max_attempts=2)
    await publish(redis, accepted())
    for _attempt in range(2):
        worker = Worker(redis, store, [hanging], service="test", lease=0.5, patience=0.5)
        with pytest.raises(StageStopped):
            await asyncio.wait_for(worker.run(asyncio.Event(), grace=0.1), 30)
    async with working(redis, store, hanging, lease=0.5):
        [failed] = await entries(redis, StageFailed, count=1)
    assert StageFailed.model_validate_json(failed["event"]).attempts == 2


async def test_a_worker_says_for_how_long_it_has_had_room(redis: Redis, store: ObjectStore) -> None:
    proceed = asyncio.Event()

    async def slow(event: SampleAccepted, work: Work) -> list[Event]:
        await proceed.wait()
        return await echo(event, work)

    def since(began: float) -> float:
        return time.monotonic() - began + 0.1  # it says tenths

    async with working(redis, store, stage(slow), lease=0.4):
        await until(lambda: _has_room(redis, lambda seconds: seconds is not None and seconds >= 0.5))
        await publish(redis, accepted())
        await until(lambda: _has_room(redis, lambda seconds: seconds is None))
        began = time.monotonic()
        proceed.set()
        await until(lambda: _has_room(redis, lambda seconds: seconds is not None and seconds <= since(began)))


async def _only_worker(redis: Redis) -> WorkerInfo | None:
    found = await living_workers(redis)
    return found[0] if found else None


async def _says(redis: Redis, *, stopped: set[str]) -> bool:
    """Whether the sign of life names just these stages."""
    worker = await _only_worker(redis)
    return worker is not None and set(worker.stopped) == stopped


async def _has_room(redis: Redis, is_so: Callable[[float | None], bool]) -> bool:
    worker = await _only_worker(redis)
    return worker is not None and is_so(worker.room.get(GROUP))


async def _stays_moving(worker: Worker, *, seconds: float) -> None:
    """Look all that time: what does not happen announces itself nowhere."""
    end = time.monotonic() + seconds

    async def is_over() -> bool:
        assert not worker.stopped
        return time.monotonic() > end

    await until(is_over)
