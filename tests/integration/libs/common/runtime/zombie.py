"""`python -m … REDIS_URL STORE_URL LEASE`: a worker that says how far it is, and goes on when it is told to."""

import asyncio
import sys

from redis.asyncio import Redis

from libs.common.events import Event, SampleAccepted, SampleNormalized
from libs.common.runtime.worker import Worker
from libs.common.service import stop_signal
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.connection import connect
from tests.integration.line import accepted, stage

BEGAN, PROCEED, ENDED = "zombie:began", "zombie:proceed", "zombie:ended"


def zombie_stage(redis: Redis) -> Stage[SampleAccepted]:
    async def handle(event: SampleAccepted, work: Work) -> list[Event]:
        try:
            await work.keep("zombie.json", accepted())
            await redis.set(BEGAN, "1")
            while not await redis.exists(PROCEED):  # noqa: ASYNC110 - the condition is in another process
                await asyncio.sleep(0.01)
        finally:
            await asyncio.shield(redis.set(ENDED, "1"))
        return [SampleNormalized(**event.subject, audio_key="zombie", duration=1.0)]

    return stage(handle)


async def main(redis_url: str, store_url: str, lease: float) -> None:
    stopped = stop_signal()
    async with connect(redis_url) as redis:
        worker = Worker(redis, ObjectStore.open(store_url), [zombie_stage(redis)], service="zombie", lease=lease)
        await worker.run(stopped, grace=1.0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
