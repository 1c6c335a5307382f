"""What the runtime does when the store, Redis, a fallback or another release is out of order."""

import asyncio
import datetime
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.typing import EncodableT, FieldT

from libs.common.errors import EngineCrashed, PipelineError, StorageUnavailable
from libs.common.events import Event, SampleAccepted, SampleNormalized, StageFailed
from libs.common.outcome import GivenUp, Outcome, PublishedEvent, Report, Unit
from libs.common.runtime.retry import is_outage
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from libs.common.streams.entry import Entry
from libs.common.streams.keys import stream_key
from tests.integration.line import accepted, echo, entries, entry_of, normalized, publish, stage, until, working

INPUT = stream_key(SampleAccepted.stream)
GROUP = "normalize_sample"


class FaultyStore(ObjectStore):
    """A real store in a folder whose answers can be lost."""

    @classmethod
    def over(cls, folder: Path) -> "FaultyStore":
        store = cls.open(folder.as_uri())
        assert isinstance(store, FaultyStore)
        store.is_away = False
        store.loses_answer_to = lambda _key: False
        return store

    is_away: bool
    loses_answer_to: Callable[[str], bool]

    async def find(self, key: str) -> bytes | None:
        if self.is_away:
            raise StorageUnavailable("no answer")
        return await super().find(key)

    async def put_new(self, key: str, data: bytes) -> bool:
        is_new = await super().put_new(key, data)
        if self.loses_answer_to(key):
            self.loses_answer_to = lambda _key: False
            raise StorageUnavailable("the connection was reset after the write")
        return is_new


@pytest.fixture
def faulty(tmp_path: Path) -> FaultyStore:
    return FaultyStore.over(tmp_path / "objects")


def fields_of(entry: Entry) -> dict[FieldT, EncodableT]:
    fields = [str(one) for one in entry.fields()]
    return dict(zip(fields[::2], fields[1::2], strict=True))


async def add(redis: Redis, entry: Entry) -> None:
    await redis.xadd(entry.key, fields_of(entry))


async def outcome_of(store: ObjectStore, event: SampleAccepted) -> Outcome:
    key = f"{event.folder}/{GROUP}.json"
    await until(lambda: store.exists(key))
    return await store.load(Outcome, key)


async def test_an_outcome_whose_put_was_not_answered_keeps_its_objects(redis: Redis, faulty: FaultyStore) -> None:
    async def keep(event: SampleAccepted, work: Work) -> list[Event]:
        key = await work.keep("kept.json", event)
        return [SampleNormalized(**event.subject, audio_key=key, duration=1)]

    faulty.loses_answer_to = lambda key: key.endswith(f"{GROUP}.json")
    await publish(redis, accepted())
    async with working(redis, faulty, stage(keep)):
        [entry] = await entries(redis, SampleNormalized, count=1)
    assert await faulty.exists(SampleNormalized.model_validate_json(entry["event"]).audio_key)


async def test_a_fallback_waits_for_a_store_that_is_away(redis: Redis, store: ObjectStore) -> None:
    outages = 2

    async def crash(event: SampleAccepted, work: Work) -> list[Event]:
        raise EngineCrashed("killed")

    async def instead(event: SampleAccepted, work: Work, error: PipelineError) -> list[Event]:
        nonlocal outages
        outages -= 1
        if outages >= 0:
            raise StorageUnavailable("no answer", delay=0.01)
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, replace(stage(crash, max_attempts=1), fallback=instead)):
        await entries(redis, SampleNormalized, count=1)
    assert (await outcome_of(store, event)).status == "finished"


@pytest.mark.parametrize("has_fallback", [True, False])
async def test_a_unit_that_was_given_up_says_so_whatever_came_instead(
    redis: Redis, store: ObjectStore, has_fallback: bool
) -> None:
    async def crash(event: SampleAccepted, work: Work) -> list[Event]:
        raise EngineCrashed("killed")

    async def instead(event: SampleAccepted, work: Work, error: PipelineError) -> list[Event]:
        return [normalized(event)]

    published = SampleNormalized if has_fallback else StageFailed
    await publish(redis, accepted())
    async with working(redis, store, replace(stage(crash, max_attempts=1), fallback=instead if has_fallback else None)):
        [entry] = await entries(redis, published, count=1)
    assert Report.model_validate_json(entry["report"]).given_up == GivenUp(code="engine_crashed", message="killed")


async def test_a_fallback_that_breaks_leaves_a_failure(redis: Redis, store: ObjectStore) -> None:
    async def crash(event: SampleAccepted, work: Work) -> list[Event]:
        raise EngineCrashed("killed")

    async def broken(event: SampleAccepted, work: Work, error: PipelineError) -> list[Event]:
        raise KeyError("a fault of ours")

    await publish(redis, accepted())
    async with working(redis, store, replace(stage(crash, max_attempts=1), fallback=broken)):
        [entry] = await entries(redis, StageFailed, count=1)
    assert StageFailed.model_validate_json(entry["event"]).code == "engine_crashed"


async def test_a_full_redis_is_waited_for_and_costs_no_attempt(redis: Redis, store: ObjectStore) -> None:
    began, proceed = asyncio.Event(), asyncio.Event()

    async def slow(event: SampleAccepted, work: Work) -> list[Event]:
        began.set()
        await proceed.wait()
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(slow)):
        await asyncio.wait_for(began.wait(), 10)
        await redis.config_set("maxmemory", 1)
        try:
            proceed.set()
            await outcome_of(store, event)
        finally:
            await redis.config_set("maxmemory", 0)
        [entry] = await entries(redis, SampleNormalized, count=1)
    assert Report.model_validate_json(entry["report"]).attempts == 1


async def test_stopping_while_the_store_is_away_hands_back_without_counting(redis: Redis, faulty: FaultyStore) -> None:
    faulty.is_away = True
    await publish(redis, accepted())
    async with working(redis, faulty, stage(echo)) as worker:
        await until(lambda: _holds(worker.stages[0].held, 1))
    [pending] = await redis.xpending_range(INPUT, GROUP, "-", "+", 1)
    assert (pending["consumer"], pending["times_delivered"]) == ("handed-back", 0)


async def test_a_long_wait_in_the_queue_is_no_postponement(redis: Redis, store: ObjectStore) -> None:
    outages = 1

    async def hiccup(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal outages
        outages -= 1
        if outages >= 0:
            raise StorageUnavailable("no answer", delay=0.01)
        return [normalized(event)]

    long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=25)
    old = Report(started_at=long_ago, seconds=0, attempts=1).model_dump_json()
    await add(redis, replace(entry_of(accepted()), report=old))
    async with working(redis, store, stage(hiccup)):
        await entries(redis, SampleNormalized, count=1)


async def test_postponing_ends_after_a_day(redis: Redis, store: ObjectStore) -> None:
    async def outage(event: SampleAccepted, work: Work) -> list[Event]:
        raise StorageUnavailable("no answer", delay=0.01)

    await add(redis, replace(entry_of(accepted()), waiting_since=str(time.time() - 86_500)))
    async with working(redis, store, stage(outage)):
        [entry] = await entries(redis, StageFailed, count=1)
    assert StageFailed.model_validate_json(entry["event"]).code == "storage_unavailable"


async def test_an_event_that_cannot_be_read_is_left_to_the_reconciler(redis: Redis, store: ObjectStore) -> None:
    spoiled, good = accepted(), accepted()
    await add(redis, replace(entry_of(spoiled), event="{}"))
    await publish(redis, good)
    async with working(redis, store, stage(echo)):
        [entry] = await entries(redis, SampleNormalized, count=1)
        await until(lambda: _nothing_is_pending(redis))
    assert SampleNormalized.model_validate_json(entry["event"]).run_id == good.run_id
    assert not await redis.exists(stream_key(StageFailed.stream))


async def test_an_event_that_only_a_newer_release_understands_is_handed_back(redis: Redis, store: ObjectStore) -> None:
    event = accepted()
    await add(redis, replace(entry_of(event), revision=event.revision + 1))
    await redis.xgroup_create(INPUT, GROUP, id="0")
    async with working(redis, store, stage(echo)):
        await until(lambda: _is_handed_back(redis))
    assert not await store.exists(f"{event.folder}/{GROUP}.json")


async def test_an_outcome_of_a_newer_release_is_handed_back(redis: Redis, store: ObjectStore) -> None:
    event = accepted()
    await store.put_new(f"{event.folder}/{GROUP}.json", b'{"version": 2}')
    await publish(redis, event)
    await redis.xgroup_create(INPUT, GROUP, id="0")
    async with working(redis, store, stage(echo)):
        await until(lambda: _is_handed_back(redis))
    assert await store.get(f"{event.folder}/{GROUP}.json") == b'{"version": 2}'


async def test_a_suspect_that_waited_for_its_turn_looks_for_the_outcome_again(redis: Redis, store: ObjectStore) -> None:
    began, proceed, handled = asyncio.Event(), asyncio.Event(), []
    innocent, suspect = accepted(), accepted()

    async def handle(event: SampleAccepted, work: Work) -> list[Event]:
        handled.append(event)
        began.set()
        await proceed.wait()
        return [normalized(event)]

    await publish(redis, innocent)
    async with working(redis, store, stage(handle, slots=2), lease=0.5) as worker:
        await asyncio.wait_for(began.wait(), 10)
        await _left_by_a_dead_worker(redis, suspect)
        await until(lambda: _holds(worker.stages[0].held, 2))
        outcome = Outcome(
            unit=Unit(run_id=suspect.run_id, stage=GROUP),
            status="finished",
            published=(PublishedEvent.of(normalized(suspect)),),
            report=Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1),
            input=PublishedEvent.of(suspect),
        )
        await store.put_new(f"{suspect.folder}/{GROUP}.json", outcome.model_dump_json().encode())
        proceed.set()
        await entries(redis, SampleNormalized, count=2)
    assert handled == [innocent]


async def test_what_waits_behind_a_suspect_stays_with_others_who_could_work_it(
    redis: Redis, store: ObjectStore
) -> None:
    """Otherwise it would be charged an attempt each time that the suspect takes its process with it."""
    began, suspect, neighbour, newcomer = asyncio.Event(), accepted(), accepted(), accepted()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        assert event == suspect
        began.set()
        await asyncio.Event().wait()
        return []

    await redis.xgroup_create(INPUT, GROUP, id="0", mkstream=True)
    await _left_by_a_dead_worker(redis, suspect)
    await _left_by_a_dead_worker(redis, neighbour)
    async with working(redis, store, stage(hang, slots=4), lease=0.5):
        await asyncio.wait_for(began.wait(), 10)
        await publish(redis, newcomer)
        async with working(redis, store, stage(echo), lease=3.0):
            published = await entries(redis, SampleNormalized, count=2)
    worked = {SampleNormalized.model_validate_json(one["event"]).run_id for one in published}
    assert worked == {neighbour.run_id, newcomer.run_id}


async def test_a_unit_under_which_workers_died_is_given_up_unworked(redis: Redis, store: ObjectStore) -> None:
    async def handle(event: SampleAccepted, work: Work) -> list[Event]:
        raise AssertionError("it would die once more")

    await redis.xgroup_create(INPUT, GROUP, id="0", mkstream=True)
    await _left_by_a_dead_worker(redis, accepted(), times_delivered=3)
    async with working(redis, store, stage(handle), lease=0.2):
        [entry] = await entries(redis, StageFailed, count=1)
    failure = StageFailed.model_validate_json(entry["event"])
    assert (failure.code, failure.attempts) == ("worker_crashed", 3)


async def test_a_full_memory_inside_a_script_counts_as_an_outage(redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(ResponseError) as raised:
            await publish(redis, accepted())
    finally:
        await redis.config_set("maxmemory", 0)
    assert is_outage(raised.value)
    assert not is_outage(ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"))


async def _left_by_a_dead_worker(redis: Redis, event: SampleAccepted, *, times_delivered: int = 1) -> None:
    """Atomically, so that no living worker reads it first."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xadd(INPUT, fields_of(entry_of(event)))
        pipe.xreadgroup(GROUP, "dead", {INPUT: ">"}, count=1)
        id_, _ = await pipe.execute()
    await redis.xclaim(INPUT, GROUP, "dead", 0, [id_], idle=100_000, retrycount=times_delivered, justid=True)


async def _holds(held: Mapping[str, object], count: int) -> bool:
    return len(held) == count


async def _nothing_is_pending(redis: Redis) -> bool:
    return not (await redis.xpending(INPUT, GROUP))["pending"]


async def _is_handed_back(redis: Redis) -> bool:
    found = await redis.xpending_range(INPUT, GROUP, "-", "+", 1)
    return bool(found) and found[0]["consumer"] == "handed-back"
