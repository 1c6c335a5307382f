"""What a stage takes into its hands, and when, if Redis or time comes in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from libs.common.events import Event, SampleAccepted, StageFailed
from libs.common.metrics.stages import WorkerMetrics
from libs.common.runtime.slots import Solitude
from libs.common.runtime.stage_worker import StageWorker
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.keys import stream_key
from libs.common.streams.queue import StageQueue
from tests.integration.deliveries import (
    GROUP,
    INPUT,
    OUTPUT,
    MakeQueue,
    add_at,
    owner,
    pending,
    queues,
    take,
    times_delivered,
)
from tests.integration.interleaving import interleaved, on_call, once
from tests.integration.line import accepted, echo, entry_of, normalized, publish, stage, until

FAILED = stream_key(StageFailed.stream)
LONG_AGO_MS = 3_600_000


@pytest.fixture
def make_queue(redis: Redis) -> MakeQueue:
    return queues(redis)


@pytest.fixture
def event() -> SampleAccepted:
    return accepted()


async def reset() -> None:
    raise RedisConnectionError("connection reset by peer")


async def refuse_to_be_called(event: SampleAccepted, work: Work) -> list[Event]:
    raise AssertionError("it should have been handed back")


@asynccontextmanager
async def stage_working(
    queue: StageQueue,
    store: ObjectStore,
    of: Stage[SampleAccepted],
    *,
    lease: float,
    solitude: Solitude | None = None,
) -> AsyncIterator[StageWorker[SampleAccepted]]:
    """A stage that takes deliveries while the block runs; nobody renews its leases.

    `solitude`: that of the process, if it has other stages.
    """
    metrics = WorkerMetrics(CollectorRegistry())
    worker = StageWorker(of, queue, store, solitude or Solitude(), lease=lease, metrics=metrics)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.close()
        await running
        await worker.drain(grace=1.0)


async def leave_behind(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    """A delivery whose lease has expired long ago."""
    await publish(redis, event)
    delivery = await take(make_queue("dead"))
    await redis.xclaim(INPUT, GROUP, "dead", 0, [delivery.id], idle=LONG_AGO_MS, justid=True)


async def test_after_a_start_nothing_is_taken_over_for_a_lease(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    looked = asyncio.Event()

    async def say_so() -> None:
        looked.set()

    await leave_behind(redis, make_queue, event)
    queue = interleaved(make_queue("new"), after={"take_over": say_so})
    async with stage_working(queue, store, stage(echo), lease=60):
        await asyncio.wait_for(looked.wait(), 10)
    assert await owner(redis) == "dead"


async def test_after_an_outage_of_redis_nothing_is_taken_over_for_a_lease(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    looks, looked_after = 0, asyncio.Event()
    is_out = False

    async def count() -> None:
        nonlocal looks
        looks += 1
        if is_out:
            looked_after.set()

    async def break_once() -> None:
        nonlocal is_out
        if looks >= 12 and not is_out:  # the quiet time after the start is over
            is_out = True
            await leave_behind(redis, make_queue, event)
            await reset()

    queue = interleaved(make_queue("one"), before={"read": break_once}, after={"take_over": count})
    await queue.ensure_group()
    async with stage_working(queue, store, stage(echo), lease=3.0):
        await asyncio.wait_for(looked_after.wait(), 30)
        assert await owner(redis) == "dead"


async def test_of_two_stages_that_take_over_at_once_one_gets_a_suspect(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue
) -> None:
    solitude, held, both_look, looked = Solitude(), list[Event](), asyncio.Event(), asyncio.Event()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        held.append(event)
        await looked.wait()
        return [normalized(event)]

    async def say_so() -> None:
        both_look.set()

    async def look_too() -> None:
        await both_look.wait()

    for _ in range(2):
        await publish(redis, accepted())
        delivery = await take(make_queue("dead"))
        await redis.xclaim(INPUT, GROUP, "handed-back", 0, [delivery.id], idle=LONG_AGO_MS, justid=True)
    one = interleaved(make_queue("one"), before={"take_over": look_too})
    two = interleaved(make_queue("two"), after={"promote": say_so})
    async with (
        stage_working(one, store, stage(hang), lease=60, solitude=solitude),
        stage_working(two, store, stage(hang), lease=60, solitude=solitude) as second,
    ):
        await until(lambda: _has_begun(held))
        assert second.held == {}
        assert len(held) == 1
        looked.set()
        await until(lambda: redis.exists(OUTPUT))


async def test_what_was_asked_for_before_another_stage_took_a_suspect_is_handed_back(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    solitude, held, is_asked_for, released = Solitude(), list[Event](), asyncio.Event(), asyncio.Event()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        held.append(event)
        await released.wait()
        return [normalized(event)]

    async def leave_a_suspect() -> None:
        await is_asked_for.wait()
        if not held:
            await publish(redis, event)
            delivery = await take(make_queue("dead"))
            await redis.xclaim(INPUT, GROUP, "handed-back", 0, [delivery.id], idle=LONG_AGO_MS, justid=True)

    async def be_late() -> None:
        is_asked_for.set()
        await until(lambda: _has_begun(held))
        await publish(redis, accepted())

    one = interleaved(make_queue("one"), before={"promote": once(leave_a_suspect)})
    two = interleaved(make_queue("two"), before={"read": once(be_late)})
    async with (
        stage_working(one, store, stage(hang), lease=60, solitude=solitude),
        stage_working(two, store, stage(refuse_to_be_called), lease=60, solitude=solitude) as second,
    ):
        await until(lambda: _has_begun(held))
        await until(lambda: _has_spare(redis))
        assert second.held == {}
        released.set()
        await until(lambda: redis.exists(OUTPUT))


async def test_what_was_handed_back_is_taken_long_before_a_lease_has_passed(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    begun = asyncio.Event()

    async def hand_back() -> None:
        await publish(redis, event)
        leaving = make_queue("leaving")
        await leaving.hand_back(await take(leaving))
        begun.set()

    reading = interleaved(make_queue("staying"), before={"read": once(hand_back)})
    async with stage_working(reading, store, stage(), lease=600):
        await begun.wait()
        await until(lambda: redis.exists(OUTPUT))


async def _has_spare(redis: Redis) -> bool:
    waiting = await redis.xpending_range(INPUT, GROUP, "-", "+", 10)
    return any(one["consumer"] == "handed-back" and one["times_delivered"] == 0 for one in waiting)


async def _has_begun(held: list[Event]) -> bool:
    return bool(held)


async def test_a_worker_that_was_late_to_renew_does_not_work_its_own_unit_twice(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    calls, proceed = 0, asyncio.Event()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal calls
        calls += 1
        await proceed.wait()
        return [normalized(event)]

    async def go_on() -> None:
        proceed.set()

    await publish(redis, event)
    queue = interleaved(make_queue("one"), after={"take_over": on_call(15, go_on)})
    async with stage_working(queue, store, stage(hang, slots=2), lease=0.1):
        await until(lambda: redis.exists(OUTPUT))
    assert calls == 1


async def test_a_worker_that_is_slow_to_begin_does_not_take_its_own_unit_over(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    attempts, looked = list[int](), asyncio.Event()

    async def count(event: SampleAccepted, work: Work) -> list[Event]:
        attempts.append(work.attempt)
        return [normalized(event)]

    async def say_so() -> None:
        looked.set()

    async def wait() -> None:
        await looked.wait()

    await publish(redis, event)
    queue = interleaved(
        make_queue("one"), before={"cancelled_runs": once(wait)}, after={"take_over": on_call(15, say_so)}
    )
    async with stage_working(queue, store, stage(count, slots=2), lease=0.1):
        await until(lambda: redis.exists(OUTPUT))
        await looked.wait()
    assert attempts == [1]


async def test_what_is_read_while_a_worker_stops_is_handed_back_unworked(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    stopping: list[StageWorker[SampleAccepted]] = []

    async def stop() -> None:
        stopping[0].close()

    await publish(redis, event)
    queue = make_queue("one")
    await queue.ensure_group()
    async with stage_working(
        interleaved(queue, after={"read": stop}), store, stage(refuse_to_be_called), lease=30
    ) as worker:
        stopping.append(worker)
        await until(lambda: _is_handed_back(redis))
    assert await times_delivered(redis) == 0


async def test_an_event_of_a_newer_release_is_left_to_its_workers(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    await add_at(redis, replace(entry_of(event), revision=99), "*")
    queue = make_queue("one")
    await queue.ensure_group()
    async with stage_working(queue, store, stage(refuse_to_be_called), lease=30):
        await until(lambda: _is_handed_back(redis))
    assert await times_delivered(redis) == 0
    assert not await redis.exists(FAILED)


async def _is_handed_back(redis: Redis) -> bool:
    return bool(await pending(redis)) and await owner(redis) == "handed-back"


async def test_nothing_is_read_ahead_of_a_free_slot(redis: Redis, store: ObjectStore, make_queue: MakeQueue) -> None:
    began, proceed = asyncio.Event(), asyncio.Event()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        began.set()
        await proceed.wait()
        return [normalized(event)]

    for _ in range(3):
        await publish(redis, accepted())
    queue = make_queue("one")
    await queue.ensure_group()
    async with stage_working(queue, store, stage(hang), lease=30):
        await asyncio.wait_for(began.wait(), 10)
        assert await pending(redis) == 1
        proceed.set()
        await until(lambda: redis.exists(OUTPUT))


async def test_a_deadline_is_the_stages_own(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        await asyncio.sleep(1)
        return [normalized(event)]

    await publish(redis, event)
    queue = make_queue("one")
    await queue.ensure_group()
    async with stage_working(queue, store, stage(hang, deadline=0.05, max_attempts=1), lease=30):
        await until(lambda: redis.exists(FAILED, OUTPUT))
    assert await redis.exists(FAILED)
