"""The chain on dramatiq: a pipeline, and a group with a completion callback for the chunks.

`python -m scripts.bench.chains.on_dramatiq NAME…` submits meetings; `dramatiq` runs workers.
"""

import os
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import RedisBackend

from scripts.bench.chains.record import (
    BEFORE_CHUNKS,
    CHUNKS,
    JOIN,
    LAST,
    has_default_sweeps,
    note,
    patience_seconds,
    work,
)

_URL = os.environ["BENCH_REDIS_URL"]

_PATIENCE = patience_seconds()
_TIMEOUT = {"heartbeat_timeout": int(_PATIENCE * 1000)} if _PATIENCE else {}
_SWEEPS = {"maintenance_chance": 100_000}
"""By default one in a thousand commands looks for abandoned units, here one in ten."""

broker = RedisBroker(url=_URL, **(_TIMEOUT if has_default_sweeps() else {**_TIMEOUT, **_SWEEPS}))
broker.add_middleware(GroupCallbacks(RedisBackend(url=_URL)))
dramatiq.set_broker(broker)


@dramatiq.actor
def step(unit: str, meeting: str) -> str:
    """A stage between others; a pipeline appends what the one before returned."""
    return work(meeting, unit)


@dramatiq.actor
def plan(meeting: str) -> None:
    """The last stage before the chunks."""
    work(meeting, BEFORE_CHUNKS[-1])
    chunks = dramatiq.group([step.message(unit, meeting) for unit in CHUNKS])
    chunks.add_completion_callback(join.message(meeting))
    chunks.run()


@dramatiq.actor
def join(meeting: str) -> None:
    """The stage that waits for all chunks."""
    work(meeting, JOIN)
    step.send(LAST, meeting)


def submit(meeting: str) -> None:
    """Hand in one meeting."""
    first, *others = BEFORE_CHUNKS[:-1]
    before = [step.message(first, meeting), *(step.message(unit) for unit in others)]
    dramatiq.pipeline([*before, plan.message()]).run()
    note("submitted", meeting, "meeting")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        submit(name)
