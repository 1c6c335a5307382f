"""What the scripts of the queue guarantee, each at the interleaving that matters."""

from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.keys import cancelled_key, marker_key, worker_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo, backlog, living_workers
from libs.common.streams.queue import Delivery
from libs.common.streams.scripts import Scripts
from tests.integration.deliveries import (
    GROUP,
    INPUT,
    OUTPUT,
    MakeQueue,
    add_at,
    owner,
    seize,
    settle,
    take,
    times_delivered,
    unit,
)
from tests.integration.line import accepted, entry_of, publish


async def test_only_one_of_two_workers_publishes(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    slow, fast = make_queue("slow"), make_queue("fast")
    await publish(redis, event)
    held = await take(slow)
    taken_over = await seize(fast)
    assert [await settle(fast, taken_over, event), await settle(slow, held, event)] == ["published", "settled"]
    assert await redis.xlen(OUTPUT) == 1


async def test_renewing_is_no_attempt(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    for _ in range(3):
        assert await queue.renew([(held, event.run_id)]) == ["held"]
    assert await times_delivered(redis) == 1


async def test_a_zombie_cannot_renew_its_lease_back(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    zombie, heir = make_queue("zombie"), make_queue("heir")
    await publish(redis, event)
    held = await take(zombie)
    await seize(heir)
    assert await zombie.renew([(held, event.run_id)]) == ["lost"]
    assert await owner(redis) == "heir"


async def test_the_same_worker_is_fenced_by_the_count(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    first = await take(queue)
    second = await seize(queue)
    assert second.times_delivered == 2
    assert await queue.renew([(first, event.run_id), (second, event.run_id)]) == ["lost", "held"]


async def test_a_zombie_can_neither_delay_nor_hand_back_nor_acknowledge(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    zombie, heir = make_queue("zombie"), make_queue("heir")
    await publish(redis, event)
    held = await take(zombie)
    await seize(heir)
    assert await zombie.delay(held, unit(event).id, delay=0, spent=1) == "lost"
    assert await zombie.hand_back(held) == "lost"
    assert await zombie.acknowledge(held, unit(event).id) == "lost"
    assert await owner(redis) == "heir"
    assert await zombie.promote() == 0


async def test_a_delayed_delivery_comes_back_with_its_attempts(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    assert await queue.delay(await take(queue), unit(event).id, delay=0, spent=2) == "held"
    assert await queue.promote() == 1
    assert (await take(queue)).attempts == 3


async def test_a_delay_in_the_future_is_not_promoted(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=60, spent=1)
    assert await queue.promote() == 0
    assert await queue.read(1, block=0.01) == []


async def test_handing_back_costs_no_attempt_and_is_taken_at_once(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    leaving, next_one = make_queue("leaving"), make_queue("next")
    await publish(redis, event)
    await leaving.hand_back(await take(leaving))
    [delivery] = await next_one.take_over(1, lease=3600)
    assert isinstance(delivery, Delivery)
    assert delivery.attempts == 1


async def test_who_handed_back_does_not_hold_what_another_took(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    leaving, heir = make_queue("leaving"), make_queue("heir")
    await publish(redis, event)
    held = await take(leaving)
    await leaving.hand_back(held)
    assert (await seize(heir)).times_delivered == held.times_delivered
    assert await leaving.renew([(held, event.run_id)]) == ["lost"]


async def test_a_fresh_lease_is_not_taken_over(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    await publish(redis, event)
    await take(make_queue("one"))
    assert await make_queue("two").take_over(1, lease=30) == []


async def test_what_a_worker_holds_is_not_taken_over_by_itself(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    assert await queue.take_over(1, lease=0, in_hand=[held.id]) == []
    [again] = await queue.take_over(1, lease=0)
    assert isinstance(again, Delivery)
    assert again.times_delivered == 2, "what it never saw, because the answer was lost, it takes"


async def test_in_quiet_times_only_what_was_handed_back_is_taken_over(redis: Redis, make_queue: MakeQueue) -> None:
    one, other = make_queue("one"), make_queue("other")
    for _ in range(2):
        await publish(redis, accepted())
    await take(one)
    left = await take(one)
    await one.hand_back(left)
    [taken] = await other.take_over(5, lease=0, only_handed_back=True)
    assert taken.id == left.id


async def test_after_flushall_an_id_that_repeats_is_not_acknowledged_for_another(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.flushall()
    other = accepted()
    await add_at(redis, entry_of(other), held.id)
    again = await take(queue)
    assert again.id == held.id
    await settle(queue, held, event)
    assert await queue.renew([(held, event.run_id), (again, other.run_id)]) == ["gone", "held"]


async def test_a_group_that_was_destroyed_is_read_from_the_first_entry(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await take(queue)
    await redis.xgroup_destroy(INPUT, GROUP)
    assert await queue.read(1, block=0.1) == [], "the group is made again"
    assert (await take(queue)).entry.fact == f"{event.run_id}/accept#0"


async def test_scripts_survive_script_flush(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.script_flush()
    assert await settle(queue, held, event) == "published"


async def test_a_cancelled_run_publishes_nothing_more(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = await take(queue)
    await redis.set(cancelled_key(event.run_id), "1")
    assert await queue.renew([(held, event.run_id)]) == ["cancelled"]
    assert await settle(queue, held, event) == "cancelled"
    assert not await redis.exists(OUTPUT)
    assert await redis.xpending_range(INPUT, GROUP, "-", "+", 1) == []


async def test_a_marker_names_what_was_published(redis: Redis, make_queue: MakeQueue, event: SampleAccepted) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await settle(queue, await take(queue), event)
    [(entry_id, _)] = await redis.xrange(OUTPUT) or []
    assert await redis.get(marker_key(unit(event).id)) == f"{OUTPUT} {entry_id!s}"


async def test_backlog_counts_unread_delayed_and_pending(redis: Redis, make_queue: MakeQueue) -> None:
    queue, events = make_queue("one"), [accepted() for _ in range(4)]
    for event in events:
        await publish(redis, event)
    await take(queue)
    await queue.delay(await take(queue), unit(events[1]).id, delay=60, spent=1)
    found = await backlog(Scripts(redis), stream=SampleAccepted.stream, group=GROUP)
    assert (found.unread, found.delayed, found.pending) == (2, 1, 1)
    assert (found.attempts, found.repeated) == (1, 1)
    assert found.oldest is not None
    assert 0 <= found.oldest < 60


async def test_a_stream_that_does_not_exist_has_no_backlog(redis: Redis) -> None:
    found = await backlog(Scripts(redis), stream=SampleAccepted.stream, group=GROUP)
    assert (found.unread, found.delayed, found.pending, found.oldest) == (0, 0, 0, None)


async def test_backlog_knows_attempts_that_were_spent_on_earlier_entries(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await queue.delay(await take(queue), unit(event).id, delay=0, spent=1)
    await queue.promote()
    await take(queue)
    await queue.take_over(1, lease=0)
    found = await backlog(Scripts(redis), stream=SampleAccepted.stream, group=GROUP)
    assert (found.attempts, found.repeated) == (3, 1)


async def test_a_dead_consumer_is_removed_only_when_it_owns_nothing(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    scripts, dead = Scripts(redis), make_queue("dead")
    await publish(redis, event)
    held = await take(dead)

    async def reap() -> int:
        return int(await scripts.reap(keys=[INPUT, worker_key("dead")], args=[GROUP, "dead"]))

    assert await reap() == 0
    await settle(dead, held, event)
    await redis.set(worker_key("dead"), "alive after all")
    assert await reap() == 0
    await redis.delete(worker_key("dead"))
    assert await reap() == 1


async def test_a_worker_lives_as_long_as_it_beats(redis: Redis) -> None:
    info = WorkerInfo(consumer="one", service="normalizer", release="1", stages={GROUP: None})
    heartbeat = Heartbeat(redis, info, lifetime=60)
    assert heartbeat.period < 60 / 3, "a beat or two may fail"
    await heartbeat.beat()
    assert await living_workers(redis) == [info]
    await redis.delete(worker_key("one"))
    assert await living_workers(redis) == []
