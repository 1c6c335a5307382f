"""A small line to be disturbed: a Redis, transcribers whose engine takes its time, and units for them."""

import datetime
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis

from chaos import inputs
from chaos.speech import MEETING_SECONDS
from chaos.tones import as_normalized
from cli.local.redis_server import RedisServer
from libs.common.events import ChunkPlanned, ChunkTranscribed, Event
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.request import MeetingRequest
from libs.common.speech import Segment
from libs.common.storage import ObjectStore
from libs.common.streams.connection import connect
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import stream_key
from libs.common.streams.monitor import living_workers
from libs.common.streams.queue import Publisher
from libs.common.streams.scripts import Scripts
from scripts.bench.watching import entries, until

ROOT = Path(__file__).parents[2]
UNIT_WORK = 2.0
"""Seconds that a unit takes, half of them computing."""

_AUDIO_KEY, _REQUEST_KEY = "audio.flac", "request.json"
_REPORT = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)


@dataclass
class Stand:
    """What a scenario disturbs."""

    server: RedisServer
    store: ObjectStore
    folder: Path
    environment: Mapping[str, str]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_workers(self, count: int) -> None:
        """Start more workers."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "chaos.services.transcriber"]
            self.workers += [
                subprocess.Popen(command, cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log)
                for _ in range(count)
            ]

    async def wait_ready(self, count: int) -> None:
        """Until so many workers live."""

        async def are_there() -> bool:
            return len(await living_workers(redis)) >= count

        async with self.redis() as redis:
            await until(are_there)

    def redis(self) -> Redis:
        """A client."""
        return connect(self.server.url)

    async def publish_units(self, count: int) -> dict[str, float]:
        """Let so many units wait; run id → when, by Redis's clock."""
        run_ids = [str(uuid.uuid4()) for _ in range(count)]
        async with self.redis() as redis:
            publisher = Publisher(redis, Scripts(redis))
            for run_id in run_ids:
                published = entries_of(Unit(run_id=run_id, stage="plan"), (PublishedEvent.of(_chunk(run_id)),), _REPORT)
                await publisher.publish(unit_id=f"{run_id}/plan", run_id=run_id, entries=published)
        return await self._times(ChunkPlanned, run_ids)

    async def holders(self, count: int) -> list[int]:
        """The processes that work on so many units, once they do."""

        async def pending() -> list[int] | None:
            found = await redis.xpending_range(stream_key(ChunkPlanned.stream), "transcribe", "-", "+", count)
            # A consumer's name is service-host-process-random.
            return [int(str(one["consumer"]).split("-")[-2]) for one in found] if len(found) == count else None

        async with self.redis() as redis:
            return await until(pending)

    async def results(self, run_ids: Collection[str]) -> dict[str, float]:
        """Run id → when its unit was published as done, once all are."""
        return await self._times(ChunkTranscribed, run_ids)

    async def _times(self, event: type[Event], run_ids: Collection[str]) -> dict[str, float]:
        async def times() -> dict[str, float] | None:
            found = {one.run_id: one.at for one in await entries(redis, event.stream) or ()}
            return {run_id: found[run_id] for run_id in run_ids} if found.keys() >= set(run_ids) else None

        async with self.redis() as redis:
            return await until(times)


@asynccontextmanager
async def stand(folder: Path, *, workers: int, lease: float, grace: float) -> AsyncIterator[Stand]:
    """A line with so many transcribers, each with one slot."""
    for name in ("marks", "objects"):
        (folder / name).mkdir(parents=True)
    server, store = RedisServer(folder / "redis"), ObjectStore.open((folder / "objects").as_uri())
    server.start()
    made = Stand(server, store, folder, _environment(folder, server, lease, grace))
    try:
        await _put_inputs(store)
        made.start_workers(workers)
        await made.wait_ready(workers)
        yield made
    finally:
        for worker in made.workers:
            worker.kill()
            worker.wait()
        server.stop()


def _environment(folder: Path, server: RedisServer, lease: float, grace: float) -> dict[str, str]:
    return {
        **os.environ,
        "REDIS_URL": server.url,
        "OBJECT_STORE_URL": (folder / "objects").as_uri(),
        "LEASE": str(lease),
        "GRACE": str(grace),
        "TRANSCRIBER_SLOTS": "1",
        "CHAOS_WORK": str(UNIT_WORK),
        "CHAOS_MARKS": str(folder / "marks"),
        "OMP_NUM_THREADS": "1",
    }


async def _put_inputs(store: ObjectStore) -> None:
    await store.put(_AUDIO_KEY, as_normalized(inputs.meeting(1).content))
    await store.put(_REQUEST_KEY, MeetingRequest().model_dump_json().encode())


def _chunk(run_id: str) -> ChunkPlanned:
    return ChunkPlanned(
        workspace="default",
        run_id=run_id,
        meeting_id=run_id,
        request_key=_REQUEST_KEY,
        audio_key=_AUDIO_KEY,
        duration=MEETING_SECONDS,
        turns_key="none",
        speakers_key="none",
        index=0,
        num_chunks=2,  # so that nothing is assembled
        segment=Segment(start=0, end=MEETING_SECONDS),
    )
