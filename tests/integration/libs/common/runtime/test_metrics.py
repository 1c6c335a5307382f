"""What a worker counts, after real units went through a real Redis."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from libs.common.engine import EngineInfo
from libs.common.errors import EngineCrashed, LanguageNotSupported, PipelineError, StorageUnavailable
from libs.common.events import Event, SampleAccepted, SampleNormalized, StageFailed
from libs.common.runtime.worker import Worker
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.keys import cancelled_key, marker_key, stream_key
from tests.integration.deliveries import GROUP, queues, seize, take
from tests.integration.libs.common.runtime.test_zombies import LEASE, zombie
from tests.integration.libs.common.runtime.zombie import BEGAN
from tests.integration.line import accepted, echo, entries, normalized, publish, stage, until, working

STAGE = {"stage": GROUP}


def value(worker: Worker, name: str, **labels: str) -> float | None:
    return worker.registry.get_sample_value(f"hansard_stage_{name}", {**STAGE, **labels})


def attempts(worker: Worker, result: str, code: str = "") -> float | None:
    return value(worker, "attempts_total", engine="none", result=result, code=code)


async def test_a_finished_unit_is_counted_with_its_times(redis: Redis, store: ObjectStore) -> None:
    engine = EngineInfo(name="tested")
    audible = replace(stage(echo), engine=engine, audio_seconds=lambda _event, outputs: 20.0 * len(outputs))
    await publish(redis, accepted())
    async with working(redis, store, audible) as worker:
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: _is_idle(worker))
    of = {"engine": "tested"}
    assert value(worker, "attempts_total", **of, result="finished", code="") == 1
    assert value(worker, "processing_seconds_count", **of) == 1
    seconds = value(worker, "processing_seconds_sum", **of)
    assert seconds is not None
    assert value(worker, "real_time_factor_ratio_sum", **of) == pytest.approx(seconds / 20)
    assert value(worker, "audio_seconds_total", **of) == 20
    assert value(worker, "queue_wait_seconds_count") == 1
    assert value(worker, "settle_conflicts_total", kind="outcome") == 0
    assert value(worker, "takeovers_total") == 0


async def test_what_is_in_hand_is_shown_while_it_is(redis: Redis, store: ObjectStore) -> None:
    proceed = asyncio.Event()

    async def wait(event: SampleAccepted, work: Work) -> list[Event]:
        await proceed.wait()
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, stage(wait, slots=3)) as worker:
        await until(lambda: _has(worker, "in_hand_units", 1))
        assert value(worker, "slots") == 3
        proceed.set()
        await until(lambda: _has(worker, "in_hand_units", 0))


async def test_a_wait_in_the_queue_is_measured_from_the_entry(redis: Redis, store: ObjectStore) -> None:
    await redis.xadd(stream_key(SampleAccepted.stream), {"nonsense": "1"}, id="1000-1")
    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage()) as worker:
        await entries(redis, SampleNormalized, count=1)
    assert value(worker, "discarded_entries_total") == 1
    assert 0 <= (value(worker, "queue_wait_seconds_sum") or 0) < 10


async def test_each_attempt_has_its_result_and_the_last_its_dead_letter(redis: Redis, store: ObjectStore) -> None:
    async def fail(event: SampleAccepted, work: Work) -> list[Event]:
        raise EngineCrashed("killed")

    await publish(redis, accepted())
    async with working(redis, store, stage(fail, max_attempts=2)) as worker:
        await entries(redis, StageFailed, count=1)
    assert attempts(worker, "failed", "engine_crashed") == 2
    assert value(worker, "dead_letters_total", code="engine_crashed", outcome="failed") == 1
    assert value(worker, "processing_seconds_count", engine="none") == 2


async def test_what_a_stage_gives_instead_is_a_dead_letter_as_well(redis: Redis, store: ObjectStore) -> None:
    async def fail(event: SampleAccepted, work: Work) -> list[Event]:
        raise LanguageNotSupported("no Latin")

    async def instead(event: SampleAccepted, work: Work, error: PipelineError) -> list[Event]:
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, replace(stage(fail), fallback=instead)) as worker:
        await entries(redis, SampleNormalized, count=1)
    assert value(worker, "dead_letters_total", code="language_not_supported", outcome="fallback") == 1


async def test_an_outage_is_a_postponement_with_its_code(redis: Redis, store: ObjectStore) -> None:
    outages = 2

    async def wait(event: SampleAccepted, work: Work) -> list[Event]:
        nonlocal outages
        outages -= 1
        if outages >= 0:
            raise StorageUnavailable("away", delay=0.0)
        return [normalized(event)]

    await publish(redis, accepted())
    async with working(redis, store, stage(wait)) as worker:
        await entries(redis, SampleNormalized, count=1)
    assert attempts(worker, "postponed", "storage_unavailable") == 2
    assert attempts(worker, "finished") == 1
    assert value(worker, "processing_seconds_count", engine="none") == 1


async def test_a_fan_in_that_misses_parts_finishes_nothing(redis: Redis, store: ObjectStore) -> None:
    async def miss(event: SampleAccepted, work: Work) -> None:
        return None

    await publish(redis, accepted())
    async with working(redis, store, stage(miss)) as worker:
        await until(lambda: _counts(worker, "nothing_yet"))
    assert attempts(worker, "finished") == 0


@pytest.mark.parametrize("fate", ["cancelled", "stopping"])
async def test_an_interruption_says_why(redis: Redis, store: ObjectStore, fate: str) -> None:
    async def hang(event: SampleAccepted, work: Work) -> list[Event]:
        await asyncio.sleep(60)
        return []

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(hang), lease=0.4) as worker:
        await until(lambda: _has(worker, "in_hand_units", 1))
        if fate == "cancelled":
            await redis.set(cancelled_key(event.run_id), "1")
            await until(lambda: _counts(worker, "interrupted", fate))
    assert attempts(worker, "interrupted", fate) == 1


async def test_the_heir_of_a_killed_worker_counts_a_takeover(
    redis: Redis, redis_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    await publish(redis, accepted())
    with zombie(redis_url, (tmp_path / "objects").as_uri()) as process:
        await until(lambda: redis.exists(BEGAN))
        process.kill()
        async with working(redis, store, stage(), lease=LEASE) as worker:
            await entries(redis, SampleNormalized, count=1)
            await until(lambda: _is_idle(worker))
    assert value(worker, "takeovers_total") == 1
    assert value(worker, "queue_wait_seconds_count") == 0, "its wait ended when the first worker began"


async def test_what_was_handed_back_is_no_takeover(redis: Redis, store: ObjectStore) -> None:
    dead, heir = queues(redis)("dead"), queues(redis)("heir")
    await publish(redis, accepted())
    await take(dead)
    await heir.hand_back(await seize(heir))
    async with working(redis, store, stage(), lease=LEASE) as worker:
        await entries(redis, SampleNormalized, count=1)
    assert value(worker, "takeovers_total") == 0


async def test_the_slower_of_two_workers_counts_the_conflict(redis: Redis, store: ObjectStore) -> None:
    both = asyncio.Barrier(2)

    async def together(event: SampleAccepted, work: Work) -> list[Event]:
        await both.wait()
        return [SampleNormalized(**event.subject, audio_key=str(id(work)), duration=1.0)]

    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage(together), lease=30) as one:
        await until(lambda: redis.delete(marker_key(f"{event.run_id}/accept")))
        await publish(redis, event)
        async with working(redis, store, stage(together), lease=30) as other:
            await entries(redis, SampleNormalized, count=1)
            await until(lambda: _is_idle(one, other))
    workers = (one, other)
    assert sum(value(each, "settle_conflicts_total", kind="outcome") or 0 for each in workers) == 1
    assert sum(value(each, "settle_conflicts_total", kind="marker") or 0 for each in workers) == 1
    assert sum(attempts(each, "finished") or 0 for each in workers) == 2


async def test_an_outcome_that_is_there_is_found_and_not_worked_again(redis: Redis, store: ObjectStore) -> None:
    event = accepted()
    await publish(redis, event)
    async with working(redis, store, stage()) as worker:
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: _is_idle(worker))
        await redis.flushall()
        await publish(redis, event)
        await entries(redis, SampleNormalized, count=1)
        await until(lambda: _is_idle(worker))
    assert value(worker, "outcomes_found_total") == 1
    assert attempts(worker, "finished") == 1


async def test_two_stages_of_one_worker_share_their_metrics(redis: Redis, store: ObjectStore) -> None:
    other: Stage[SampleNormalized] = Stage(name="enroll", consumes=SampleNormalized, handle=_nothing)
    registry = CollectorRegistry()
    Worker(redis, store, [stage(), other], service="test", lease=1.0, registry=registry)
    assert registry.get_sample_value("hansard_stage_slots", {"stage": "enroll"}) == 1


async def _nothing(event: SampleNormalized, work: Work) -> list[Event]:
    return []


async def _is_idle(*workers: Worker) -> bool:
    return all(value(one, "in_hand_units") == 0 for one in workers)


async def _has(worker: Worker, name: str, expected: float) -> bool:
    return value(worker, name) == expected


async def _counts(worker: Worker, result: str, code: str = "") -> bool:
    return bool(attempts(worker, result, code))
