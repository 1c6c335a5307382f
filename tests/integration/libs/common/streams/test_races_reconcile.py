"""What the reconciler's script adds again: what nobody has, and nothing else, at every moment in between."""

import asyncio

import pytest
from redis.asyncio import Redis

from libs.common.events import EVENTS, SampleAccepted
from libs.common.outcome import PublishedEvent
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import PROJECTION, delayed_key, marker_key, moved_key, stream_key
from libs.common.streams.scripts import Scripts
from tests.integration.deliveries import (
    GROUP,
    INPUT,
    OUTPUT,
    MakeQueue,
    add_at,
    seize,
    settle,
    take,
    unit,
)
from tests.integration.line import REPORT, accepted, entry_of, normalized, publish


async def reconcile(redis: Redis, event: SampleAccepted, *, known_id: str = "") -> str:
    """As the reconciler does for a unit without an outcome in Postgres, which may know where its input was read."""
    keys = [INPUT, moved_key(GROUP), delayed_key(GROUP), marker_key(unit(event).id), *map(stream_key, EVENTS)]
    entry = entry_of(event)
    args = [GROUP, unit(event).id, entry.fact, known_id, PROJECTION, *map(str, entry.fields())]
    return str(await Scripts(redis).reconcile(keys=keys, args=args))


async def read_output(redis: Redis) -> str:
    """The projection reads the unit's event; answers its id."""
    await redis.xgroup_create(OUTPUT, PROJECTION, id="0")
    await redis.xreadgroup(PROJECTION, "gateway", {OUTPUT: ">"})
    [one] = await redis.xpending_range(OUTPUT, PROJECTION, "-", "+", 1)
    return str(one["message_id"])


async def only_id(redis: Redis) -> str:
    [(entry_id, _)] = await redis.xrange(INPUT) or []
    return str(entry_id)


async def test_two_reconcilers_add_an_input_once(redis: Redis, event: SampleAccepted) -> None:
    answers = await asyncio.gather(*(reconcile(redis, event) for _ in range(3)))
    assert sorted(answers) == ["added", "open", "open"]
    assert await redis.xlen(INPUT) == 1


async def test_an_input_that_no_group_has_read_yet_is_open(redis: Redis, event: SampleAccepted) -> None:
    await publish(redis, event)
    assert await reconcile(redis, event, known_id=await only_id(redis)) == "open"


async def test_an_input_is_open_while_it_is_unread_or_on_loan(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await queue.ensure_group()
    await publish(redis, event)
    known = await only_id(redis)
    assert await reconcile(redis, event, known_id=known) == "open"
    held = await take(queue)
    assert await reconcile(redis, event, known_id=known) == "open"
    await queue.acknowledge(held, unit(event).id)
    assert await reconcile(redis, event, known_id=known) == "added", "it was acknowledged without an outcome"


async def test_an_id_that_now_is_another_events_says_nothing(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    await publish(redis, event)
    known = await only_id(redis)
    await redis.flushall()
    await add_at(redis, entry_of(accepted()), known)
    await take(make_queue("one"))
    assert await reconcile(redis, event, known_id=known) == "added"


async def test_what_was_moved_is_followed(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    known = await only_id(redis)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=1)
    assert await reconcile(redis, event, known_id=known) == "delayed"
    await queue.promote()
    assert await reconcile(redis, event, known_id=known) == "open"
    assert await redis.xlen(INPUT) == 2


async def test_what_was_promoted_and_lost_again_is_added(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=1)
    await queue.promote()
    await redis.delete(INPUT)
    assert await reconcile(redis, event) == "added"


async def test_a_unit_that_is_settled_just_before_is_left_to_the_projection(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    known = await only_id(redis)
    await settle(queue, await take(queue), event)
    assert await reconcile(redis, event, known_id=known) == "unread"
    await read_output(redis)
    assert await reconcile(redis, event, known_id=known) == "unread", "read, and maybe not recorded"


async def test_an_outcome_that_was_acknowledged_and_never_recorded_is_asked_for_again(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await settle(queue, await take(queue), event)
    await redis.xack(OUTPUT, PROJECTION, await read_output(redis))
    assert await reconcile(redis, event) == "added"
    assert await settle(queue, await take(queue), event) == "published"
    assert await redis.xlen(OUTPUT) == 2, "the second is recorded; the facts have a unique key"


async def test_an_outcome_of_which_a_part_was_lost_is_asked_for_again(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    both = entries_of(unit(event), (PublishedEvent.of(normalized(event)), PublishedEvent.of(normalized(event))), REPORT)
    await queue.settle(await take(queue), unit_id=unit(event).id, run_id=event.run_id, entries=both)
    await redis.xdel(OUTPUT, str((await redis.xrange(OUTPUT, count=1) or [])[0][0]))
    assert await reconcile(redis, event) == "added"
    assert not await redis.exists(marker_key(unit(event).id)), "or the outcome would not be published again"


async def test_a_late_settlement_of_what_was_added_again_publishes_once_more_and_no_more(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    slow, other = make_queue("slow"), make_queue("other")
    await publish(redis, event)
    held = await take(slow)
    await redis.flushall()
    assert await reconcile(redis, event) == "added"
    again = await take(other)
    assert [await settle(slow, held, event), await settle(other, again, event)] == ["published", "settled"]
    assert await redis.xlen(OUTPUT) == 1


@pytest.mark.parametrize("is_taken_over", [False, True])
async def test_a_delay_just_before_is_seen(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted, is_taken_over: bool
) -> None:
    queue, heir = make_queue("one"), make_queue("heir")
    await publish(redis, event)
    known = await only_id(redis)
    held = await take(queue)
    if is_taken_over:
        queue, held = heir, await seize(heir)
    await queue.delay(held, unit(event).id, delay=60, spent=1)
    assert await reconcile(redis, event, known_id=known) == "delayed"
    assert await redis.xlen(INPUT) == 1


async def test_no_other_groups_reading_closes_an_input(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    await publish(redis, event)
    known = await only_id(redis)
    await redis.xgroup_create(INPUT, PROJECTION, id="0")
    await redis.xreadgroup(PROJECTION, "gateway", {INPUT: ">"}, noack=True)
    await make_queue("one").ensure_group()
    assert await reconcile(redis, event, known_id=known) == "open"
