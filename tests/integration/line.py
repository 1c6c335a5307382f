"""A small line for tests of the runtime: a stage of its own on the events of a sample."""

import asyncio
import datetime
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio import Redis

from libs.common.events import Event, SampleAccepted, SampleNormalized
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.runtime.worker import Worker
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.entry import Entry, entries_of
from libs.common.streams.keys import stream_key
from libs.common.streams.queue import Publisher
from libs.common.streams.scripts import Scripts

Handler = Callable[[SampleAccepted, Work], Awaitable[Sequence[Event] | None]]

REPORT = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)


def accepted(run_id: str | None = None) -> SampleAccepted:
    run = run_id or str(uuid.uuid4())
    return SampleAccepted(workspace="default", run_id=run, speaker_id="s", sample_id=f"sample-{run}", upload_key="k")


def normalized(event: SampleAccepted) -> SampleNormalized:
    return SampleNormalized(**event.subject, audio_key="audio", duration=1.0)


def entry_of(event: Event) -> Entry:
    unit = Unit(run_id=event.run_id, stage="accept")
    return entries_of(unit, (PublishedEvent.of(event),), REPORT)[0]


async def publish(redis: Redis, event: Event) -> None:
    """As the gateway's relay does."""
    unit = Unit(run_id=event.run_id, stage="accept")
    await Publisher(redis, Scripts(redis)).publish(unit_id=unit.id, run_id=event.run_id, entries=[entry_of(event)])


async def echo(event: SampleAccepted, work: Work) -> list[Event]:
    return [normalized(event)]


def stage(
    handle: Handler = echo, *, slots: int = 1, deadline: float = 60.0, max_attempts: int = 3
) -> Stage[SampleAccepted]:
    return Stage(
        name="normalize_sample",
        consumes=SampleAccepted,
        handle=handle,
        slots=slots,
        deadline=lambda _event: deadline,
        max_attempts=max_attempts,
    )


@asynccontextmanager
async def working(
    redis: Redis,
    store: ObjectStore,
    *stages: Stage[SampleAccepted],
    lease: float = 1.0,
    grace: float = 0.1,
    patience: float | None = None,
) -> AsyncIterator[Worker]:
    """A worker that runs while the block does."""
    stopped = asyncio.Event()
    worker = Worker(redis, store, stages, service="test", lease=lease, patience=patience)
    running = asyncio.create_task(worker.run(stopped, grace=grace))
    try:
        yield worker
    finally:
        stopped.set()
        await running


async def entries(redis: Redis, event: type[Event], *, count: int, within: float = 20.0) -> list[dict[str, str]]:
    """Wait until a stream has `count` entries, and return them."""
    found: list[dict[str, str]] = []
    last = "0"
    async with asyncio.timeout(within):
        while len(found) < count:
            answer = await redis.xread({stream_key(event.stream): last}, block=500)
            for _, new in cast(list[tuple[str, list[tuple[str, dict[str, str]]]]], answer or []):
                found += [fields for _, fields in new]
                last = new[-1][0]
    return found


async def until(condition: Callable[[], Awaitable[object]], *, within: float = 20.0) -> None:
    """Wait for something that no stream announces."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.02)
