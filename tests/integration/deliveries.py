"""Deliveries of one stage, for tests of what its workers do to each other."""

from collections.abc import Callable

from redis.asyncio import Redis

from libs.common.events import SampleAccepted, SampleNormalized
from libs.common.outcome import PublishedEvent, Unit
from libs.common.streams.entry import Entry, entries_of
from libs.common.streams.keys import stream_key
from libs.common.streams.queue import Delivery, StageQueue
from libs.common.streams.scripts import Scripts
from tests.integration.line import REPORT, normalized

INPUT, OUTPUT = stream_key(SampleAccepted.stream), stream_key(SampleNormalized.stream)
GROUP = "normalize_sample"
MakeQueue = Callable[[str], StageQueue]


def queues(redis: Redis, scripts: Scripts | None = None) -> MakeQueue:
    """Makes the stage's queue as a worker of that name sees it."""
    shared = scripts or Scripts(redis)
    return lambda name: StageQueue(redis, shared, stream=SampleAccepted.stream, group=GROUP, consumer=name)


def unit(event: SampleAccepted) -> Unit:
    return Unit(run_id=event.run_id, stage=GROUP)


def output(event: SampleAccepted) -> list[Entry]:
    return entries_of(unit(event), (PublishedEvent.of(normalized(event)),), REPORT)


async def take(queue: StageQueue) -> Delivery:
    await queue.ensure_group()
    [delivery] = await queue.read(1, block=1)
    assert isinstance(delivery, Delivery)
    return delivery


async def seize(queue: StageQueue) -> Delivery:
    """Take over what another consumer holds, as if its lease had expired."""
    [delivery] = await queue.take_over(1, lease=0)
    assert isinstance(delivery, Delivery)
    return delivery


async def settle(queue: StageQueue, delivery: Delivery, event: SampleAccepted) -> str:
    return await queue.settle(delivery, unit_id=unit(event).id, run_id=event.run_id, entries=output(event))


async def times_delivered(redis: Redis) -> int:
    [pending] = await redis.xpending_range(INPUT, GROUP, "-", "+", 1)
    return int(pending["times_delivered"])


async def owner(redis: Redis) -> str:
    [pending] = await redis.xpending_range(INPUT, GROUP, "-", "+", 1)
    return str(pending["consumer"])


async def pending(redis: Redis) -> int:
    return int((await redis.xpending(INPUT, GROUP))["pending"])


async def add_at(redis: Redis, entry: Entry, entry_id: str) -> None:
    """Add an entry at an id that has been used before, as after FLUSHALL."""
    fields = [str(one) for one in entry.fields()]
    await redis.xadd(entry.key, dict(zip(fields[::2], fields[1::2], strict=True)), id=entry_id)
