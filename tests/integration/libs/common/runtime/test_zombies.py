"""A real worker process that is stopped for longer than its lease, and wakes up before or after its heir is done."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from libs.common.events import Event, SampleAccepted, SampleNormalized
from libs.common.outcome import Outcome
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from tests.integration.deliveries import GROUP, OUTPUT, pending
from tests.integration.libs.common.runtime.zombie import BEGAN, ENDED, PROCEED
from tests.integration.line import accepted, entries, publish, stage, until, working

ROOT = Path(__file__).parents[5]
LEASE = 0.6


@contextmanager
def zombie(redis_url: str, store_url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.integration.libs.common.runtime.zombie", redis_url, store_url, str(LEASE)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize("wakes", ["before its heir's outcome", "after its heir's outcome"])
async def test_a_worker_that_slept_past_its_lease_changes_nothing(
    redis: Redis, redis_url: str, store: ObjectStore, tmp_path: Path, wakes: str
) -> None:
    began, proceed = asyncio.Event(), asyncio.Event()

    async def inherit(event: SampleAccepted, work: Work) -> list[Event]:
        await work.keep("heir.json", event)
        began.set()
        await proceed.wait()
        return [SampleNormalized(**event.subject, audio_key="heir", duration=1.0)]

    event = accepted()
    await publish(redis, event)
    with zombie(redis_url, (tmp_path / "objects").as_uri()) as process:
        await until(lambda: redis.exists(BEGAN))
        process.send_signal(signal.SIGSTOP)
        async with working(redis, store, stage(inherit), lease=LEASE, grace=1.0):
            await asyncio.wait_for(began.wait(), 20)
            if wakes == "after its heir's outcome":
                proceed.set()
                await entries(redis, SampleNormalized, count=1)
            await redis.set(PROCEED, "1")
            process.send_signal(signal.SIGCONT)
            await until(lambda: redis.exists(ENDED))
            proceed.set()
            [entry] = await entries(redis, SampleNormalized, count=1)
            await until(lambda: _nothing_is_pending(redis))
    assert await redis.xlen(OUTPUT) == 1
    outcome = await store.load(Outcome, f"{event.folder}/{GROUP}.json")
    [published] = outcome.events
    assert SampleNormalized.model_validate_json(entry["event"]) == published
    kept = [key for key in await store.list("samples/") if not key.endswith(f"{GROUP}.json")]
    assert sorted(kept) == sorted(outcome.objects)


async def _nothing_is_pending(redis: Redis) -> bool:
    return await pending(redis) == 0
