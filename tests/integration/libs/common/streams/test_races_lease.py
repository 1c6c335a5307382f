"""Renewing, taking over and handing back, when somebody else was there just before."""

import asyncio

import pytest
from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.keys import cancelled_key
from libs.common.streams.queue import Delivery
from libs.common.streams.scripts import Scripts
from tests.integration.deliveries import (
    GROUP,
    INPUT,
    MakeQueue,
    add_at,
    owner,
    pending,
    queues,
    seize,
    take,
    times_delivered,
    unit,
)
from tests.integration.interleaving import interleaved, once
from tests.integration.line import accepted, entry_of, publish


async def test_a_takeover_between_the_look_and_the_renewal_leaves_the_lease_with_the_heir(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    heir = make_queue("heir")
    scripts = interleaved(Scripts(redis), before={"renew": once(lambda: seize(heir))})
    await publish(redis, event)
    slow = queues(redis, scripts)("slow")
    held = await take(slow)
    assert await slow.renew([(held, event.run_id)]) == ["lost"]
    assert (await owner(redis), await times_delivered(redis)) == ("heir", 2)


@pytest.mark.parametrize("loss", ["flushall", "group", "stream", "entry"])
async def test_a_delivery_that_vanished_is_gone_and_not_lost(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted, loss: str
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    match loss:
        case "flushall":
            await redis.flushall()
        case "group":
            await redis.xgroup_destroy(INPUT, GROUP)
        case "stream":
            await redis.delete(INPUT)
        case _:
            await redis.xdel(INPUT, held.id)
    assert await queue.renew([(held, event.run_id)]) == ["gone"]
    assert await queue.delay(held, unit(event).id, delay=0, spent=0) == "gone"
    assert await queue.hand_back(held) == "gone"
    assert await queue.acknowledge(held, unit(event).id) == "gone"
    assert await queue.promote() == 0


async def test_each_delivery_is_cancelled_by_its_own_run_only(redis: Redis, make_queue: MakeQueue) -> None:
    queue, events = make_queue("one"), [accepted() for _ in range(3)]
    for event in events:
        await publish(redis, event)
    held = [(await take(queue), event.run_id) for event in events]
    await redis.set(cancelled_key(events[1].run_id), "1")
    assert await queue.renew(held) == ["held", "cancelled", "held"]


async def test_of_a_cancelled_run_a_zombie_is_told_that_it_lost(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    zombie = make_queue("zombie")
    await publish(redis, event)
    held = await take(zombie)
    await seize(make_queue("heir"))
    await redis.set(cancelled_key(event.run_id), "1")
    assert await zombie.renew([(held, event.run_id)]) == ["lost"]


async def test_a_cancelled_run_is_dropped_although_its_delivery_vanished(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.flushall()
    await redis.set(cancelled_key(event.run_id), "1")
    assert await queue.renew([(held, event.run_id)]) == ["cancelled"]


async def test_of_all_that_take_over_at_once_one_gets_it(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    await publish(redis, event)
    await take(make_queue("dead"))
    await redis.xclaim(INPUT, GROUP, "dead", 0, [await _only_id(redis)], idle=60_000, justid=True)
    heirs = [make_queue(f"heir-{number}") for number in range(5)]
    taken = await asyncio.gather(*(heir.take_over(1, lease=30) for heir in heirs))
    assert sorted(len(one) for one in taken) == [0, 0, 0, 0, 1]
    assert await times_delivered(redis) == 2


async def test_a_takeover_takes_no_more_than_there_are_free_slots(redis: Redis, make_queue: MakeQueue) -> None:
    dead, heir = make_queue("dead"), make_queue("heir")
    for _ in range(4):
        await publish(redis, accepted())
    for _ in range(3):
        await take(dead)
    mine = await take(heir)
    assert len(await heir.take_over(2, lease=0, in_hand=[mine.id])) == 2


async def test_what_is_in_hand_does_not_hide_what_others_left(redis: Redis, make_queue: MakeQueue) -> None:
    dead, busy = make_queue("dead"), make_queue("busy")
    for _ in range(3):
        await publish(redis, accepted())
    in_hand = [(await take(busy)).id for _ in range(2)]
    left = await take(dead)
    [taken] = await busy.take_over(1, lease=0, in_hand=in_hand)
    assert taken.id == left.id


async def test_what_was_in_hand_and_became_anothers_is_taken_when_that_one_dies(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    zombie, heir = make_queue("zombie"), make_queue("heir")
    await publish(redis, event)
    held = await take(zombie)
    await seize(heir)
    [taken] = await zombie.take_over(1, lease=0, in_hand=[held.id])
    assert isinstance(taken, Delivery)
    assert taken.times_delivered == 3


async def test_an_entry_that_is_gone_does_not_hold_up_a_takeover(redis: Redis, make_queue: MakeQueue) -> None:
    dead, heir = make_queue("dead"), make_queue("heir")
    for _ in range(2):
        await publish(redis, accepted())
    gone, left = await take(dead), await take(dead)
    await redis.xdel(INPUT, gone.id)
    assert [one.id for one in await heir.take_over(5, lease=0)] == [left.id]
    assert await pending(redis) == 1, "nobody is asked for it again"


async def test_a_group_that_is_destroyed_before_a_takeover_is_made_again_from_the_first_entry(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    heir = make_queue("heir")
    await publish(redis, event)
    await take(make_queue("dead"))
    await redis.xgroup_destroy(INPUT, GROUP)
    assert await heir.take_over(1, lease=0) == []
    [delivery] = await heir.read(1, block=1)
    assert isinstance(delivery, Delivery)
    assert delivery.entry.fact == f"{event.run_id}/accept#0"


async def test_handing_back_twice_gives_back_one_attempt(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await take(queue)
    held = await seize(queue)
    assert [await queue.hand_back(held), await queue.hand_back(held)] == ["held", "lost"]
    assert (await owner(redis), await times_delivered(redis)) == ("handed-back", 1)


async def test_handing_back_after_a_takeover_leaves_the_heirs_attempts_alone(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    heir = make_queue("heir")
    scripts = interleaved(Scripts(redis), before={"hand_back": once(lambda: seize(heir))})
    await publish(redis, event)
    leaving = queues(redis, scripts)("leaving")
    assert await leaving.hand_back(await take(leaving)) == "lost"
    assert (await owner(redis), await times_delivered(redis)) == ("heir", 2)


async def test_handing_back_after_flushall_leaves_the_entry_at_a_repeated_id_alone(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.flushall()
    await add_at(redis, entry_of(accepted()), held.id)
    await take(queue)
    assert await queue.hand_back(held) == "gone"
    assert (await owner(redis), await times_delivered(redis)) == ("one", 1)


async def _only_id(redis: Redis) -> str:
    [(entry_id, _)] = await redis.xrange(INPUT) or []
    return str(entry_id)
