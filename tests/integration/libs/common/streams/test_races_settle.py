"""Settling and acknowledging, while others do what they can to the delivery, its entry, its stream and its run."""

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from libs.common.events import SampleAccepted, StageFailed
from libs.common.outcome import PublishedEvent
from libs.common.streams.entry import Entry, entries_of
from libs.common.streams.keys import cancelled_key, marker_key, moved_key, stream_key
from tests.integration.deliveries import (
    GROUP,
    INPUT,
    OUTPUT,
    MakeQueue,
    add_at,
    owner,
    pending,
    seize,
    settle,
    take,
    unit,
)
from tests.integration.line import REPORT, accepted, entry_of, normalized, publish

FAILED = stream_key(StageFailed.stream)

Loss = Callable[[Redis], Awaitable[object]]


async def flush_all(redis: Redis) -> object:
    return await redis.flushall()


async def delete_stream(redis: Redis) -> object:
    return await redis.delete(INPUT)


async def destroy_group(redis: Redis) -> object:
    return await redis.xgroup_destroy(INPUT, GROUP)


async def delete_entry(redis: Redis) -> object:
    return await redis.xdel(INPUT, *[str(id_) for id_, _ in await redis.xrange(INPUT) or []])


async def flush_scripts(redis: Redis) -> object:
    return await redis.script_flush()


@pytest.mark.parametrize("lose", [flush_all, delete_stream, destroy_group, delete_entry, flush_scripts])
async def test_finished_work_is_published_whatever_became_of_its_delivery(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted, lose: Loss
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await lose(redis)
    assert await settle(queue, held, event) == "published"
    assert await redis.xlen(OUTPUT) == 1


async def test_a_zombie_that_settles_before_its_heir_publishes_for_both(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    zombie, heir = make_queue("zombie"), make_queue("heir")
    await publish(redis, event)
    held = await take(zombie)
    taken = await seize(heir)
    assert [await settle(zombie, held, event), await settle(heir, taken, event)] == ["published", "settled"]
    assert await redis.xlen(OUTPUT) == 1
    assert await pending(redis) == 0


async def test_settling_again_because_the_answer_was_lost_changes_nothing(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    assert [await settle(queue, held, event) for _ in range(3)] == ["published", "settled", "settled"]
    assert await redis.xlen(OUTPUT) == 1


async def test_an_input_that_was_added_again_is_settled_for_each_of_its_entries(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    one, other = make_queue("one"), make_queue("other")
    await publish(redis, event)
    first = await take(one)
    await add_at(redis, entry_of(event), "*")
    second = await take(other)
    assert [await settle(one, first, event), await settle(other, second, event)] == ["published", "settled"]
    assert await redis.xlen(OUTPUT) == 1
    assert await pending(redis) == 0


async def test_a_marker_outlives_any_replay_from_redis_and_names_every_event(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    failed = StageFailed(
        workspace="default", run_id=event.run_id, stage=GROUP, unit_part="", code="c", message="m", attempts=1
    )
    both: list[Entry] = entries_of(
        unit(event), (PublishedEvent.of(normalized(event)), PublishedEvent.of(failed)), REPORT
    )
    await queue.settle(held, unit_id=unit(event).id, run_id=event.run_id, entries=both)
    marker = await redis.get(marker_key(unit(event).id))
    ids = [f"{key} {id_!s}" for key in (OUTPUT, FAILED) for id_, _ in await redis.xrange(key) or []]
    assert str(marker).split("\n") == ids
    assert await redis.ttl(marker_key(unit(event).id)) > 7 * 24 * 3600


async def test_settling_forgets_where_the_input_was_moved_to(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=0)
    await queue.promote()
    assert await redis.hexists(moved_key(GROUP), unit(event).id)
    await settle(queue, await take(queue), event)
    assert not await redis.exists(moved_key(GROUP))


async def test_a_run_that_is_cancelled_between_the_outcome_and_its_settlement_publishes_nothing(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    zombie, heir = make_queue("zombie"), make_queue("heir")
    await publish(redis, event)
    held = await take(zombie)
    taken = await seize(heir)
    await redis.set(cancelled_key(event.run_id), "1")
    assert [await settle(heir, taken, event), await settle(zombie, held, event)] == ["cancelled", "cancelled"]
    assert not await redis.exists(OUTPUT, marker_key(unit(event).id))
    assert await pending(redis) == 0


async def test_acknowledging_forgets_where_the_input_was_moved_to(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=0)
    await queue.promote()
    held = await take(queue)
    assert await queue.acknowledge(held, unit(event).id) == "held"
    assert await queue.acknowledge(held, unit(event).id) == "gone"
    assert not await redis.exists(moved_key(GROUP))
    assert await pending(redis) == 0


async def test_an_id_that_repeats_is_not_acknowledged_unpublished_for_another(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.flushall()
    await add_at(redis, entry_of(accepted()), held.id)
    again = await take(queue)
    assert (again.id, again.times_delivered) == (held.id, held.times_delivered), "the same token"
    assert await queue.acknowledge(held, unit(event).id) == "gone"
    assert await owner(redis) == "one"
