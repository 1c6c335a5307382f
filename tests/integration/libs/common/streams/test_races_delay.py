"""Putting aside and adding again: never twice, never for a lease that is another's, never lost."""

import asyncio

import pytest
from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.keys import delayed_key, moved_key, waiting_entries_key
from libs.common.streams.scripts import Scripts
from tests.integration.deliveries import (
    GROUP,
    INPUT,
    MakeQueue,
    add_at,
    pending,
    queues,
    seize,
    settle,
    take,
    unit,
)
from tests.integration.interleaving import interleaved, once
from tests.integration.line import accepted, entry_of, publish


async def test_a_takeover_just_before_a_delay_leaves_the_unit_to_the_heir(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    heir = make_queue("heir")
    scripts = interleaved(Scripts(redis), before={"delay": once(lambda: seize(heir))})
    await publish(redis, event)
    slow = queues(redis, scripts)("slow")
    held = await take(slow)
    assert await slow.delay(held, unit(event).id, delay=0, spent=1) == "lost"
    assert await slow.promote() == 0
    assert await pending(redis) == 1


async def test_delaying_again_because_the_answer_was_lost_changes_nothing(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    states = [await queue.delay(held, unit(event).id, delay=0, spent=spent) for spent in (1, 2)]
    assert states == ["held", "gone"]
    assert await queue.promote() == 1
    assert (await take(queue)).attempts == 2, "what was said first"


@pytest.mark.parametrize("unlike", [{"trace": None}, {}, {"added later": "kept"}], ids=["earlier", "this", "later"])
async def test_what_is_put_aside_comes_back_with_the_fields_of_the_release_that_published_it(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted, unlike: dict[str, str | None]
) -> None:
    names = [str(one) for one in entry_of(event).fields()]
    published = dict(zip(names[::2], names[1::2], strict=True)) | unlike
    sent = {name: value for name, value in published.items() if value is not None}
    queue = make_queue("one")
    await redis.xadd(INPUT, dict(sent.items()))
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=1, waiting_since="7.000")
    assert await queue.promote() == 1
    [(_, back)] = await redis.xrevrange(INPUT, count=1) or []
    assert back == {**sent, "spent": "1", "waiting_since": "7.000"}
    assert (await take(queue)).attempts == 2


async def test_what_is_put_aside_is_on_loan_to_nobody(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=60, spent=1)
    assert await pending(redis) == 0
    assert await make_queue("other").take_over(5, lease=0) == []


async def test_a_postponed_delivery_remembers_since_when_it_waits(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=0, waiting_since="12.5")
    await queue.promote()
    assert (await take(queue)).entry.waiting_since == "12.5"


async def test_delaying_forgets_where_the_input_was_moved_to_before(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=0)
    await queue.promote()
    await queue.delay(await take(queue), unit(event).id, delay=60, spent=0)
    assert not await redis.exists(moved_key(GROUP))


async def test_at_a_repeated_id_no_other_unit_is_put_aside(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.flushall()
    await add_at(redis, entry_of(accepted()), held.id)
    await take(queue)
    assert await queue.delay(held, unit(event).id, delay=0, spent=1) == "gone"
    assert await pending(redis) == 1


async def test_workers_that_promote_at_once_add_each_unit_once(redis: Redis, make_queue: MakeQueue) -> None:
    queue, events = make_queue("one"), [accepted() for _ in range(3)]
    for event in events:
        await publish(redis, event)
        await queue.delay(await take(queue), unit(event).id, delay=0, spent=0)
    promoted = await asyncio.gather(*(make_queue(f"worker-{number}").promote() for number in range(5)))
    assert sorted(promoted) == [0, 0, 0, 0, 3]
    assert await redis.xlen(INPUT) == 6
    assert not await redis.exists(delayed_key(GROUP), waiting_entries_key(GROUP))
    added = {(fields or {})["fact"]: id_ for id_, fields in (await redis.xrange(INPUT) or [])[3:]}
    assert await redis.hgetall(moved_key(GROUP)) == {unit(one).id: added[entry_of(one).fact] for one in events}


async def test_a_unit_whose_entry_is_lost_holds_up_no_other(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await redis.zadd(delayed_key(GROUP), {"lost/unit": 0})
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=0)
    assert await queue.promote() == 2
    assert (await take(queue)).entry.fact == f"{event.run_id}/accept#0"
    assert await redis.zcard(delayed_key(GROUP)) == 0, "the reconciler sees that it does not wait"


async def test_a_unit_that_a_zombie_settled_while_it_waited_is_published_once(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    zombie, heir = make_queue("zombie"), make_queue("heir")
    await publish(redis, event)
    held = await take(zombie)
    await heir.delay(await seize(heir), unit(event).id, delay=0, spent=1)
    assert await settle(zombie, held, event) == "published"
    await heir.promote()
    assert await settle(heir, await take(heir), event) == "settled"
    assert await pending(redis) == 0
