"""The gateway's passes, when they are killed between two of their steps, or meet each other."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from libs.common.events import EVENTS, SampleAccepted, SampleNormalized
from libs.common.streams.keys import PROJECTION, marker_key, stream_key
from libs.common.streams.queue import Publisher, StageQueue, consumer_name
from libs.common.streams.reader import GroupReader
from services.gateway.background.outbox import Relay
from services.gateway.background.projection import Projection
from services.gateway.background.reconciler import Reconciler
from services.gateway.background.records import Records
from services.gateway.background.trimmer import Trimmer
from services.gateway.gateway import Gateway
from tests.integration.interleaving import interleaved, on_call, once
from tests.integration.line import normalized, until
from tests.integration.services.gateway.rows import (
    accept_sample,
    background,
    is_acknowledged,
    projecting,
    publish_as,
)

ACCEPTED = stream_key(SampleAccepted.stream)
GROUP = "normalize_sample"

Action = Callable[[], Awaitable[object]]


class Killed(BaseException):
    """The process ended here."""


async def kill() -> None:
    raise Killed


def projection(gateway: Gateway, *, before: Action | None = None, after: Action | None = None) -> Projection:
    """One whose records something happens before or after."""
    redis, name = gateway.redis, consumer_name("gateway")
    records = Records(gateway.database, gateway.store, gateway.erasures)
    return Projection(
        interleaved(records, before={"record": before} if before else None, after={"record": after} if after else None),
        redis,
        GroupReader(redis, gateway.scripts, streams=list(EVENTS), group=PROJECTION, consumer=name),
        lease=0.05,
        galleries=asyncio.Event(),
        counts=gateway.metrics.counts,
    )


async def test_after_an_outage_of_redis_the_projection_takes_nothing_over_for_a_lease(gateway: Gateway) -> None:
    looks: list[float] = []
    broke_at: list[float] = []
    reader = GroupReader(gateway.redis, gateway.scripts, streams=list(EVENTS), group=PROJECTION, consumer="gateway")

    async def look() -> None:
        looks.append(time.monotonic())

    async def break_once() -> None:
        await gateway.redis.xadd(ACCEPTED, {"nonsense": "1"})  # so that no read waits
        if looks and not broke_at:
            broke_at.append(time.monotonic())
            raise RedisConnectionError("connection reset by peer")

    projection = Projection(
        Records(gateway.database, gateway.store, gateway.erasures),
        gateway.redis,
        interleaved(reader, before={"take_over": look, "read": break_once}),
        lease=1.0,
        galleries=asyncio.Event(),
        counts=gateway.metrics.counts,
    )
    running = asyncio.create_task(projection.run())
    await until(lambda: _is_after(looks, broke_at))
    projection.close()
    await running
    assert next(one for one in looks if one > broke_at[0]) - broke_at[0] >= 1.0


async def _is_after(looks: list[float], broke_at: list[float]) -> bool:
    return bool(broke_at) and looks[-1] > broke_at[0]


async def project_until(gateway: Gateway, is_done: Callable[[], Awaitable[object]]) -> None:
    """Another gateway projects."""
    other = projection(gateway)
    running = asyncio.create_task(other.run())
    await until(is_done)
    other.close()
    await running


async def version(gateway: Gateway, event: SampleAccepted) -> int:
    row = await gateway.database.fetch_one("SELECT version FROM runs WHERE id = $1", UUID(event.run_id))
    assert row is not None
    return int(row["version"])


async def recorded(gateway: Gateway) -> int:
    return len(await gateway.database.fetch("SELECT FROM facts WHERE entry_id IS NOT NULL"))


@pytest.fixture
async def event(gateway: Gateway) -> SampleAccepted:
    return await accept_sample(gateway.database)


async def test_a_fact_that_was_recorded_and_not_acknowledged_takes_effect_once(
    gateway: Gateway, event: SampleAccepted
) -> None:
    await publish_as(gateway.redis, normalized(event), GROUP)
    with pytest.raises(Killed):
        await projection(gateway, after=kill).run()
    assert (await recorded(gateway), await version(gateway, event)) == (1, 1)
    assert not await is_acknowledged(gateway.redis, SampleNormalized)
    await project_until(gateway, lambda: is_acknowledged(gateway.redis, SampleNormalized))
    assert (await recorded(gateway), await version(gateway, event)) == (1, 1)


async def test_a_fact_that_was_read_and_not_recorded_is_recorded_by_the_next(
    gateway: Gateway, event: SampleAccepted
) -> None:
    await publish_as(gateway.redis, normalized(event), GROUP)
    with pytest.raises(Killed):
        await projection(gateway, before=kill).run()
    assert await recorded(gateway) == 0
    await project_until(gateway, lambda: is_acknowledged(gateway.redis, SampleNormalized))
    assert (await recorded(gateway), await version(gateway, event)) == (1, 1)


async def test_two_gateways_that_record_the_same_fact_at_once_record_it_once(
    gateway: Gateway, event: SampleAccepted
) -> None:
    await publish_as(gateway.redis, normalized(event), GROUP)

    async def record_elsewhere() -> None:
        await project_until(gateway, lambda: is_acknowledged(gateway.redis, SampleNormalized))

    slow = projection(gateway, before=once(record_elsewhere))
    running = asyncio.create_task(slow.run())
    await until(lambda: is_acknowledged(gateway.redis, SampleNormalized))
    slow.close()
    await running
    assert (await recorded(gateway), await version(gateway, event)) == (1, 1)


@pytest.mark.usefixtures("event")
async def test_a_row_that_was_published_and_not_marked_is_published_once(gateway: Gateway) -> None:
    publisher = Publisher(gateway.redis, gateway.scripts)
    doomed = Relay(gateway.database, interleaved(publisher, after={"publish": kill}), asyncio.Event())
    with pytest.raises(Killed):
        await doomed.relay()
    assert await gateway.database.fetch("SELECT FROM outbox WHERE sent_at IS NULL")
    assert await Relay(gateway.database, publisher, asyncio.Event()).relay() == 1
    assert await gateway.redis.xlen(ACCEPTED) == 1


@pytest.mark.usefixtures("event")
async def test_a_row_that_was_not_published_is_not_marked(gateway: Gateway) -> None:
    publisher = interleaved(Publisher(gateway.redis, gateway.scripts), before={"publish": kill})
    with pytest.raises(Killed):
        await Relay(gateway.database, publisher, asyncio.Event()).relay()
    assert await gateway.database.fetch("SELECT FROM outbox WHERE sent_at IS NULL")


@pytest.mark.usefixtures("event")
async def test_a_row_that_one_relay_has_is_neither_taken_nor_waited_for_by_another(gateway: Gateway) -> None:
    publisher, taken = Publisher(gateway.redis, gateway.scripts), []

    async def relay_elsewhere() -> None:
        other = Relay(gateway.database, publisher, asyncio.Event())
        taken.append(await asyncio.wait_for(other.relay(), 12))

    busy = Relay(gateway.database, interleaved(publisher, before={"publish": once(relay_elsewhere)}), asyncio.Event())
    assert await busy.relay() == 1
    assert taken == [0]


def reconciler(gateway: Gateway, before: Action) -> Reconciler:
    """One whose script something happens before."""
    scripts = interleaved(gateway.scripts, before={"reconcile": before})
    return Reconciler(gateway.database, gateway.redis, scripts, age=0.0, lifetime=60.0, counts=gateway.metrics.counts)


async def lose_the_input(gateway: Gateway) -> None:
    await gateway.database.execute("UPDATE outbox SET sent_at = now()")


@pytest.mark.usefixtures("event")
async def test_of_two_reconcilers_one_works_and_the_other_does_not_wait(gateway: Gateway) -> None:
    await lose_the_input(gateway)
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1

    async def reconcile_elsewhere() -> None:
        assert await asyncio.wait_for(reconciler(gateway, look).reconcile(), 12) == 0

    assert await reconciler(gateway, once(reconcile_elsewhere)).reconcile() == 1
    assert looks == 0
    assert await gateway.redis.xlen(ACCEPTED) == 1


async def test_a_unit_that_is_settled_between_the_look_and_the_script_is_left_alone(
    gateway: Gateway, event: SampleAccepted
) -> None:
    await lose_the_input(gateway)
    settle = once(lambda: publish_as(gateway.redis, normalized(event), GROUP))
    assert await reconciler(gateway, settle).reconcile() == 0
    assert not await gateway.redis.exists(ACCEPTED)


async def test_a_unit_that_is_promoted_between_the_look_and_the_script_is_left_alone(
    gateway: Gateway, event: SampleAccepted
) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    await parts.relay.relay()
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SampleAccepted))
    queue = stage_queue(gateway)
    await queue.ensure_group()
    [delivery] = await queue.read(1, block=1)
    await queue.delay(delivery, f"{event.run_id}/{GROUP}", delay=0, spent=1)  # type: ignore[arg-type]  # it is readable
    assert await reconciler(gateway, once(queue.promote)).reconcile() == 0
    assert await gateway.redis.xlen(ACCEPTED) == 2


def stage_queue(gateway: Gateway) -> StageQueue:
    return StageQueue(
        gateway.redis, gateway.scripts, stream=SampleAccepted.stream, group=GROUP, consumer=consumer_name("normalizer")
    )


def trimmer(gateway: Gateway, *, before: dict[str, Action]) -> Trimmer:
    """One that keeps nothing longer than needed, and whose scripts something happens before."""
    return Trimmer(gateway.redis, interleaved(gateway.scripts, before=before), keep=timedelta(0))


async def read_by_everybody(gateway: Gateway, *, count: int) -> None:
    """Samples that were accepted, and that both groups have acknowledged."""
    parts, queue = background(gateway.database, gateway.redis, gateway.store), stage_queue(gateway)
    for _ in range(count):
        await accept_sample(gateway.database)
    await parts.relay.relay()
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SampleAccepted))
    await queue.ensure_group()
    for one in await queue.read(count, block=1):
        await queue.discard(one.id)


@pytest.mark.parametrize("behind", [PROJECTION, GROUP])
async def test_nothing_is_trimmed_that_one_group_has_not_read(gateway: Gateway, behind: str) -> None:
    await read_by_everybody(gateway, count=3)
    await gateway.redis.xgroup_setid(ACCEPTED, behind, "0")
    assert await trimmer(gateway, before={}).trim() == 0
    await gateway.redis.xgroup_setid(ACCEPTED, behind, "$")
    assert await trimmer(gateway, before={}).trim() == 2, "the last one delivered stays, so that the lag can be told"


@pytest.mark.parametrize("is_made_again", [False, True])
async def test_a_group_that_is_destroyed_while_trimming_loses_nothing(gateway: Gateway, is_made_again: bool) -> None:
    await read_by_everybody(gateway, count=3)

    async def destroy() -> None:
        await gateway.redis.xgroup_destroy(ACCEPTED, GROUP)
        if is_made_again:
            await stage_queue(gateway).ensure_group()

    await trimmer(gateway, before={"trim": on_call(await _second_look(gateway), destroy)}).trim()
    assert await gateway.redis.xlen(ACCEPTED) == 3
    assert len(await gateway.redis.keys(marker_key("*/accept"))) == 3
    queue = stage_queue(gateway)
    await queue.ensure_group()
    assert len(await queue.read(10, block=1)) == 3


async def test_trimming_an_event_leaves_the_marker_of_who_published_it(gateway: Gateway) -> None:
    parts, samples = background(gateway.database, gateway.redis, gateway.store), []
    for _ in range(2):
        samples.append(await accept_sample(gateway.database))
        await publish_as(gateway.redis, normalized(samples[-1]), GROUP)
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SampleNormalized))
    key = stream_key(SampleNormalized.stream)
    await gateway.redis.xgroup_create(key, "enroll", id="$")
    assert await trimmer(gateway, before={}).trim() == 1
    marker = marker_key(f"{samples[0].run_id}/{GROUP}")
    assert await gateway.redis.exists(marker), "its input may be delivered again"


async def _second_look(gateway: Gateway) -> int:
    """Which call of the script is the one that cuts the stream of accepted samples."""
    return list(EVENTS).index(SampleAccepted.stream) + 2


async def test_a_worker_that_reads_while_it_is_reaped_keeps_what_it_reads(redis: Redis, gateway: Gateway) -> None:
    queue, late = stage_queue(gateway), []
    await queue.ensure_group()
    await redis.xgroup_createconsumer(ACCEPTED, GROUP, queue.consumer)
    await accept_sample(gateway.database)
    await background(gateway.database, redis, gateway.store).relay.relay()

    async def read() -> None:
        late.extend(await queue.read(1, block=1))

    assert await trimmer(gateway, before={"reap": once(read)}).reap() == 0
    assert len(late) == 1
    assert (await redis.xpending(ACCEPTED, GROUP))["pending"] == 1
