"""What becomes of a unit when something comes in between any two steps of its worker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from libs.common.errors import EngineCrashed, LanguageNotSupported
from libs.common.events import Event, SampleAccepted, SampleNormalized, StageFailed
from libs.common.metrics.stages import StageMetrics, WorkerMetrics
from libs.common.outcome import Outcome, outcome_key
from libs.common.runtime.handling import Handling
from libs.common.runtime.held import Fate, Held
from libs.common.runtime.slots import Solitude
from libs.common.runtime.work import UnitWork
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.keys import cancelled_key, stream_key
from libs.common.streams.queue import Delivery, StageQueue
from tests.integration.deliveries import (
    GROUP,
    OUTPUT,
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
from tests.integration.line import accepted, entries, entry_of, publish, stage

FAILED = stream_key(StageFailed.stream)


class Killed(BaseException):
    """The process ended here."""


async def kill() -> None:
    raise Killed


async def reset() -> None:
    raise RedisConnectionError("connection reset by peer")


@pytest.fixture
def make_queue(redis: Redis) -> MakeQueue:
    return queues(redis)


@pytest.fixture
def event() -> SampleAccepted:
    return accepted()


def signed(name: str) -> Stage[SampleAccepted]:
    """A stage whose results say who made them, and name an object."""

    async def handle(event: SampleAccepted, work: Work) -> list[Event]:
        await work.keep(f"{name}.json", event)
        return [SampleNormalized(**event.subject, audio_key=name, duration=1.0)]

    return stage(handle)


async def refuse(event: SampleAccepted, work: Work) -> list[Event]:
    raise LanguageNotSupported("no Latin")


async def refuse_to_be_called(event: SampleAccepted, work: Work) -> list[Event]:
    raise AssertionError("there is nothing to do")


REFUSING, IDLE = stage(refuse), stage(refuse_to_be_called)


def held_of(delivery: Delivery, store: ObjectStore) -> Held[SampleAccepted]:
    event = SampleAccepted.model_validate_json(delivery.entry.event)
    work = UnitWork(store, folder=event.folder, unit=unit(event), attempt=delivery.attempts)
    return Held(delivery, event, unit(event), work)


def handling(of: Stage[SampleAccepted], queue: StageQueue, store: ObjectStore) -> Handling[SampleAccepted]:
    metrics = StageMetrics(WorkerMetrics(CollectorRegistry()), of.name, engine=None, slots=of.slots)
    return Handling(of, queue, store, Solitude(), metrics)


async def work_on(
    delivery: Delivery, queue: StageQueue, store: ObjectStore, of: Stage[SampleAccepted] | None = None
) -> None:
    """As a worker does with what it has read."""
    await handling(of or signed(queue.consumer), queue, store).handle(held_of(delivery, store))


async def outcome(store: ObjectStore, event: SampleAccepted) -> Outcome | None:
    key = outcome_key(event.folder, unit(event))
    return await store.load(Outcome, key) if await store.exists(key) else None


async def published(redis: Redis) -> list[str]:
    """Who made what was published."""
    made = await entries(redis, SampleNormalized, count=await redis.xlen(OUTPUT))
    return [SampleNormalized.model_validate_json(fields["event"]).audio_key for fields in made]


async def kept(store: ObjectStore) -> list[str]:
    """The bulk objects that are there, by their makers."""
    keys = await store.list("samples/")
    return sorted(key.rpartition("/")[2] for key in keys if not key.endswith(f"{GROUP}.json"))


def overtaking(make_queue: MakeQueue, store: ObjectStore) -> Callable[[], Awaitable[None]]:
    """Somebody takes over the only delivery, and works it to its end."""

    async def overtake() -> None:
        heir = make_queue("heir")
        await work_on(await seize(heir), heir, store)

    return overtake


@pytest.mark.parametrize("moment", ["after the look", "before the put"])
async def test_who_is_overtaken_before_its_outcome_publishes_that_of_its_heir(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted, moment: str
) -> None:
    overtake = once(overtaking(make_queue, store))
    slow_store = (
        interleaved(store, after={"find": overtake})
        if moment == "after the look"
        else interleaved(store, before={"put_new": overtake})
    )
    slow = make_queue("slow")
    await publish(redis, event)
    await work_on(await take(slow), slow, slow_store)
    assert await published(redis) == ["heir"]
    assert await kept(store) == ["heir.json"]
    found = await outcome(store, event)
    assert found is not None
    assert [key.rpartition("/")[2] for key in found.objects] == ["heir.json"]
    assert await pending(redis) == 0


async def test_who_is_overtaken_after_its_outcome_has_said_what_is_published(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    slow = make_queue("slow")
    overtaken = interleaved(slow, before={"settle": once(overtaking(make_queue, store))})
    await publish(redis, event)
    await work_on(await take(slow), overtaken, store, signed("slow"))
    assert await published(redis) == ["slow"]
    assert await kept(store) == ["slow.json"]
    assert await pending(redis) == 0


@pytest.mark.parametrize("moment", ["put_new", "settle"])
async def test_an_outcome_survives_flushall_around_it(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted, moment: str
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    delivery = await take(queue)
    flush = {moment: once(redis.flushall)}
    await work_on(delivery, interleaved(queue, before=flush), interleaved(store, before=flush), signed("one"))
    assert await published(redis) == ["one"]


async def test_a_worker_that_is_killed_after_its_outcome_has_not_worked_for_nothing(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    doomed, heir = make_queue("doomed"), make_queue("heir")
    await publish(redis, event)
    delivery = await take(doomed)
    with pytest.raises(Killed):
        await work_on(delivery, interleaved(doomed, before={"settle": kill}), store, signed("doomed"))
    assert await published(redis) == []
    await work_on(await seize(heir), heir, store, IDLE)
    assert await published(redis) == ["doomed"]


async def test_who_loses_the_put_publishes_what_its_heir_had_no_time_to(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    slow, doomed = make_queue("slow"), make_queue("doomed")

    async def put_and_die() -> None:
        with pytest.raises(Killed):
            await work_on(await seize(doomed), interleaved(doomed, before={"settle": kill}), store, signed("doomed"))

    await publish(redis, event)
    await work_on(await take(slow), slow, interleaved(store, before={"put_new": once(put_and_die)}))
    assert await published(redis) == ["doomed"]
    assert await kept(store) == ["doomed.json"]


async def test_a_worker_that_is_killed_between_settlement_and_its_answer_leaves_nothing_to_do(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    doomed, heir = make_queue("doomed"), make_queue("heir")
    await publish(redis, event)
    delivery = await take(doomed)
    with pytest.raises(Killed):
        await work_on(delivery, interleaved(doomed, after={"settle": kill}), store, signed("doomed"))
    assert await heir.take_over(1, lease=0) == []
    assert await published(redis) == ["doomed"]


async def test_a_settlement_whose_answer_is_lost_is_made_once(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    await work_on(await take(queue), interleaved(queue, after={"settle": once(reset)}), store, signed("one"))
    assert await published(redis) == ["one"]
    assert await pending(redis) == 0


async def test_an_entry_at_a_repeated_id_stays_when_a_lost_settlement_is_repeated(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    delivery = await take(queue)

    async def lose_everything() -> None:
        await redis.flushall()
        await add_at(redis, entry_of(accepted()), delivery.id)
        await take(queue)
        await reset()

    await work_on(delivery, interleaved(queue, after={"settle": once(lose_everything)}), store, signed("one"))
    assert await published(redis) == ["one"]
    assert await pending(redis) == 1


async def test_a_delay_whose_answer_is_lost_is_made_once(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    async def crash(event: SampleAccepted, work: Work) -> list[Event]:
        raise EngineCrashed("killed")

    queue = make_queue("one")
    await publish(redis, event)
    await work_on(await take(queue), interleaved(queue, after={"delay": once(reset)}), store, stage(crash))
    assert await pending(redis) == 0
    assert await redis.zcard("{hansard}:delayed:" + GROUP) == 1


async def test_what_has_nothing_to_say_is_acknowledged_although_the_answer_is_lost(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    async def say_nothing(event: SampleAccepted, work: Work) -> Sequence[Event] | None:
        return None

    queue = make_queue("one")
    await publish(redis, event)
    lost = interleaved(queue, after={"acknowledge": once(reset)})
    await work_on(await take(queue), lost, store, stage(say_nothing))
    assert await pending(redis) == 0
    assert await outcome(store, event) is None


async def test_who_is_overtaken_before_it_gives_up_does_not_give_up(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    slow, heir = make_queue("slow"), make_queue("heir")
    await publish(redis, event)
    await work_on(
        await take(slow), interleaved(slow, before={"renew": once(lambda: seize(heir))}), store, stage(refuse)
    )
    assert await outcome(store, event) is None
    assert not await redis.exists(FAILED)
    assert await owner(redis) == "heir"


async def test_a_failure_does_not_replace_the_success_of_an_heir(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    slow = make_queue("slow")
    overtaken = interleaved(store, before={"put_new": once(overtaking(make_queue, store))})
    await publish(redis, event)
    await work_on(await take(slow), slow, overtaken, REFUSING)
    assert await published(redis) == ["heir"]
    assert not await redis.exists(FAILED)
    found = await outcome(store, event)
    assert found is not None
    assert found.status == "finished"


async def test_a_success_does_not_replace_the_failure_of_an_heir(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    async def overtake() -> None:
        heir = make_queue("heir")
        await work_on(await seize(heir), heir, store, REFUSING)

    slow = make_queue("slow")
    await publish(redis, event)
    await work_on(await take(slow), slow, interleaved(store, before={"put_new": once(overtake)}), signed("slow"))
    assert await published(redis) == []
    assert await redis.xlen(FAILED) == 1
    assert await kept(store) == []
    found = await outcome(store, event)
    assert found is not None
    assert found.status == "failed"


async def test_giving_up_needs_no_delivery_once_redis_has_lost_it(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    async def refuse(event: SampleAccepted, work: Work) -> list[Event]:
        await redis.flushall()
        raise LanguageNotSupported("no Latin")

    queue = make_queue("one")
    await publish(redis, event)
    await work_on(await take(queue), queue, store, stage(refuse))
    assert await redis.xlen(FAILED) == 1


@pytest.mark.parametrize("fate", ["lost", "cancelled", "stopping"])
async def test_word_of_a_renewal_that_comes_after_the_handler_does_not_stop_the_commit(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted, fate: Fate
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    held = held_of(await take(queue), store)

    async def interrupt() -> None:
        held.interrupt(fate)
        await asyncio.sleep(0)  # so that an interruption takes effect

    late = interleaved(store, before={"put_new": interrupt})
    await handling(signed("one"), queue, late).handle(held)
    assert await published(redis) == ["one"]


@pytest.mark.parametrize(
    ("fate", "left"), [("lost", ("one", 1)), ("cancelled", None), ("stopping", ("handed-back", 0))]
)
async def test_word_of_a_renewal_stops_a_handler_that_runs(
    redis: Redis,
    store: ObjectStore,
    make_queue: MakeQueue,
    event: SampleAccepted,
    fate: Fate,
    left: tuple[str, int] | None,
) -> None:
    async def keep_and_hang(event: SampleAccepted, work: Work) -> list[Event]:
        await work.keep("half.json", event)
        held.interrupt(fate)
        await asyncio.Event().wait()
        return []

    queue = make_queue("one")
    await publish(redis, event)
    held = held_of(await take(queue), store)
    await handling(stage(keep_and_hang), queue, store).handle(held)
    assert await store.list("samples/") == []
    assert ((await owner(redis), await times_delivered(redis)) if await pending(redis) else None) == left


async def test_a_run_that_is_cancelled_after_its_outcome_publishes_nothing(
    redis: Redis, store: ObjectStore, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    queue = make_queue("one")
    await publish(redis, event)
    cancel = once(lambda: redis.set(cancelled_key(event.run_id), "1"))
    await work_on(await take(queue), interleaved(queue, before={"settle": cancel}), store, signed("one"))
    assert await published(redis) == []
    assert await pending(redis) == 0
