"""A writer at an object store: races for keys, or is killed in the middle of an upload."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4]))

from libs.common.storage import ObjectStore

_LEAD = 0.01
"""Seconds by which either may be late, or the one that the server happens to serve first would win every round."""


async def race(name: str, rounds: int) -> None:
    """Print the rounds won; whoever is ahead waits until the other has begun the round as well."""
    store = ObjectStore.open(os.environ["OBJECT_STORE_URL"])
    other = "left" if name == "right" else "right"
    for number in range(rounds):
        await store.put(f"begun/{number}/{name}", b"")
        while not await store.exists(f"begun/{number}/{other}"):  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0)
        await asyncio.sleep(random.uniform(0.0, _LEAD))
        if await store.put_new(f"race/{number}", name.encode()):
            sys.stdout.write(f"{number}\n")


async def die_uploading(url: str, name: str) -> None:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(7):
            yield bytes(1_000_000)
        os.kill(os.getpid(), signal.SIGKILL)

    await ObjectStore.open(url).write(f"a/{name}", content())


if __name__ == "__main__":
    if sys.argv[1] == "--killed":
        asyncio.run(die_uploading(*sys.argv[2:]))
    else:
        asyncio.run(race(sys.argv[1], int(sys.argv[2])))
        sys.stdout.flush()
        os._exit(0)  # a thread of the client can abort an interpreter that is torn down
