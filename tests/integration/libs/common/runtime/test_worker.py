"""What the runtime promises about every stage, on a real Redis and a real store."""

import asyncio
import json
from dataclasses import replace

from redis.asyncio import Redis

from libs.common.engine import EngineInfo
from libs.common.errors import EngineCrashed, LanguageNotSupported, StorageUnavailable
from libs.common.events import Event, SampleAccepted, SampleNormalized, StageFailed
from libs.common.outcome import Outcome
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from libs.common.streams.keys import cancelled_key, marker_key, progress_key, stream_key
from libs.common.streams.monitor import living_workers
from tests.integration.line import accepted, echo, entries, normalized, publish, stage, until, working

GROUP = "normalize_sample"


async def pending(redis: Redis) -> int:
    summary = await redis.xpending(stream_key(SampleAccepted.stream), GROUP)
    return int(summary["pending"])


async def is_acknowledged(redis: Redis) -> bool:
    groups = await redis.xinfo_groups(stream_key(SampleAccepted.stream))
    return bool(groups) and groups[0]["last-delivered-id"] != "0-0" and await pending(redis) == 0


async def test_a_stage_publishes_what_follows_and_acknowledges(redis: Redis, store: ObjectStore) -> None:
    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage()):
        [entry] = await entries(redis, SampleNormalized, count=1)
        await until(lambda: is_acknowledged(redis))
    assert SampleNormalized.model_validate_json(entry["event"]) == normalized(event)
    assert entry["fact"] == f"{event.run_id}/normalize_sample#0"
    outcome = await store.load(Outcome, f"{event.folder}/normalize_sample.json")
    assert outcome.status == "finished"
    assert outcome.report.attempts == 1


async def test_a_unit_that_has_an_outcome_is_not_worked_again(redis: Redis, store: ObjectStore) -> None:
    calls = 0

    async def count(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal calls
        calls += 1
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(count)):
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: is_acknowledged(redis))
        await redis.flushall()
        await publish(redis, event)
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: is_acknowledged(redis))
    assert calls == 1


async def test_only_the_first_outcome_of_two_workers_counts(redis: Redis, store: ObjectStore) -> None:
    both = asyncio.Barrier(2)

    async def together(event: SampleAccepted, work: Work) -> list[Event]:
        await both.wait()
        return [SampleNormalized(**event.subject, audio_key=str(id(work)), duration=1.0)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(together)):
        await until(lambda: redis.exists(marker_key(f"{event.run_id}/accept")))
        await redis.delete(marker_key(f"{event.run_id}/accept"))
        await publish(redis, event)
        async with working(redis, store, stage(together)):
            await entries(redis, SampleNormalized, count=1)
            await until(lambda: is_acknowledged(redis))
    assert await redis.xlen(stream_key(SampleNormalized.stream)) == 1


async def test_a_retryable_error_is_tried_again_and_counted(redis: Redis, store: ObjectStore) -> None:
    async def twice(event: SampleAccepted, work: Work) -> list[Event]:
        if work.attempt < 2:
            raise EngineCrashed("killed")
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(twice)):
        [entry] = await entries(redis, SampleNormalized, count=1)
    assert json.loads(entry["report"])["attempts"] == 2


async def test_poison_ends_failed_after_its_attempts_and_the_next_goes_on(redis: Redis, store: ObjectStore) -> None:
    poison, innocent = accepted(), accepted()

    async def crash(event: SampleAccepted, work: Work) -> list[Event]:
        if event == poison:
            raise EngineCrashed("killed")
        return [normalized(event)]

    await publish(redis, poison)
    await publish(redis, innocent)
    async with working(redis, store, stage(crash, max_attempts=2)):
        [failed] = await entries(redis, StageFailed, count=1)
        [done] = await entries(redis, SampleNormalized, count=1)
    failure = StageFailed.model_validate_json(failed["event"])
    assert (failure.run_id, failure.code, failure.attempts) == (poison.run_id, "engine_crashed", 2)
    assert json.loads(done["event"])["run_id"] == innocent.run_id


async def test_an_error_of_the_input_is_not_tried_again(redis: Redis, store: ObjectStore) -> None:
    async def refuse(event: SampleAccepted, work: Work) -> list[Event]:
        raise LanguageNotSupported("no Latin")

    await publish(redis, accepted())
    async with working(redis, store, stage(refuse)):
        [failed] = await entries(redis, StageFailed, count=1)
    assert StageFailed.model_validate_json(failed["event"]).attempts == 1


async def test_an_outage_outside_postpones_without_counting(redis: Redis, store: ObjectStore) -> None:
    outages = 4

    async def wait_for_store(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal outages
        outages -= 1
        if outages >= 0:
            raise StorageUnavailable("no answer", delay=0.01)
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, stage(wait_for_store)):
        [entry] = await entries(redis, SampleNormalized, count=1)
    assert json.loads(entry["report"])["attempts"] == 1


async def test_a_unit_looks_again_soon_after_a_short_outage(redis: Redis, store: ObjectStore) -> None:
    outages = 2

    async def wait_for_store(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal outages
        outages -= 1
        if outages >= 0:
            raise StorageUnavailable("no answer")
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, stage(wait_for_store)):
        await entries(redis, SampleNormalized, count=1, within=12.0)


async def test_a_handler_past_its_deadline_is_stopped(redis: Redis, store: ObjectStore) -> None:
    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        await asyncio.Event().wait()
        return []

    await publish(redis, accepted())
    async with working(redis, store, stage(hang, deadline=0.1, max_attempts=1)):
        [failed] = await entries(redis, StageFailed, count=1)
    assert StageFailed.model_validate_json(failed["event"]).code == "deadline_exceeded"


async def test_a_lease_is_renewed_while_the_handler_runs(redis: Redis, store: ObjectStore) -> None:
    calls, began = 0, asyncio.Event()

    async def slow(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal calls
        calls += 1
        began.set()
        await asyncio.sleep(5.0)  # longer than either lease, and than the other worker's next look
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, stage(slow), lease=0.5):
        await asyncio.wait_for(began.wait(), 10)
        async with working(redis, store, stage(slow), lease=3.0):
            [entry] = await entries(redis, SampleNormalized, count=1)
    assert calls == 1
    assert json.loads(entry["report"])["attempts"] == 1


async def test_cancelling_a_run_interrupts_its_handler(redis: Redis, store: ObjectStore) -> None:
    began, interrupted = asyncio.Event(), asyncio.Event()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            interrupted.set()
        return []

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(hang), lease=0.4):
        await asyncio.wait_for(began.wait(), 10)
        await redis.set(cancelled_key(event.run_id), "1")
        await asyncio.wait_for(interrupted.wait(), 10)
        await until(lambda: is_acknowledged(redis))
    assert not await store.exists(f"{event.folder}/normalize_sample.json")
    assert await redis.xlen(stream_key(StageFailed.stream)) == 0


async def test_stopping_hands_work_back_without_counting_an_attempt(redis: Redis, store: ObjectStore) -> None:
    began = asyncio.Event()

    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        began.set()
        await asyncio.Event().wait()
        return []

    await publish(redis, accepted())
    async with working(redis, store, stage(hang), lease=30):
        await asyncio.wait_for(began.wait(), 10)
    async with working(redis, store, stage(echo), lease=30):
        [entry] = await entries(redis, SampleNormalized, count=1)
    assert json.loads(entry["report"])["attempts"] == 1


async def test_work_survives_flushall(redis: Redis, store: ObjectStore) -> None:
    began, proceed = asyncio.Event(), asyncio.Event()

    async def slow(event: SampleAccepted, work: Work) -> list[Event]:
        began.set()
        await proceed.wait()
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(slow), lease=0.5):
        await asyncio.wait_for(began.wait(), 10)
        await redis.flushall()
        proceed.set()
        [entry] = await entries(redis, SampleNormalized, count=1)
    assert json.loads(entry["event"])["run_id"] == event.run_id


async def test_objects_of_a_failed_attempt_are_removed(redis: Redis, store: ObjectStore) -> None:
    async def keep_and_fail(event: SampleAccepted, work: Work) -> list[Event]:
        await work.keep("left.json", event)
        if work.attempt == 1:
            raise EngineCrashed("killed")
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(keep_and_fail)):
        await entries(redis, SampleNormalized, count=1)
    kept = [key for key in await store.list(event.folder) if key.endswith("left.json")]
    assert len(kept) == 1


async def test_progress_of_a_unit_in_hand_is_shown_and_removed(redis: Redis, store: ObjectStore) -> None:
    proceed = asyncio.Event()

    async def half(event: SampleAccepted, work: Work) -> list[Event]:
        work.progress(0.5)
        await proceed.wait()
        return [normalized(event)]

    event = accepted()
    await publish(redis, event)

    async def shows_half() -> bool:
        text = await redis.hget(progress_key(event.run_id), "normalize_sample")
        shown = json.loads(text or "{}")
        return (shown.get("fraction"), shown.get("consumer")) == (0.5, worker.consumer)

    async def shows_nothing() -> bool:
        return not await redis.exists(progress_key(event.run_id))

    async with working(redis, store, stage(half)) as worker:
        await until(shows_half)
        proceed.set()
        await until(shows_nothing)


async def test_what_a_worker_said_of_a_unit_lapses_when_it_dies(redis: Redis, store: ObjectStore) -> None:
    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        await asyncio.Event().wait()
        return []

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(hang), lease=1.0):
        await until(lambda: redis.exists(progress_key(event.run_id)))
        assert 0 < await redis.pttl(progress_key(event.run_id)) <= 2000


async def test_garbage_in_a_stream_is_passed_over(redis: Redis, store: ObjectStore) -> None:
    await redis.xadd(stream_key(SampleAccepted.stream), {"nonsense": "1"})
    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage()):
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: is_acknowledged(redis))


async def test_a_worker_says_with_which_models_its_engines_work(redis: Redis, store: ObjectStore) -> None:
    info = EngineInfo(name="embedded", models={"embedding": "resemblyzer@0.1.4"})
    async with working(redis, store, replace(stage(), engine=info)):
        await until(lambda: living_workers(redis))
        [worker] = await living_workers(redis)
    assert (worker.stages, worker.models) == ({GROUP: "embedded"}, {GROUP: {"embedding": "resemblyzer@0.1.4"}})
