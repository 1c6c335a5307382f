"""The chain on celery: late acknowledgement, no prefetching, a chord for the chunks, results only where it needs them.

`python -m scripts.bench.chains.on_celery NAME…` submits meetings; `celery -A` runs workers.
"""

import os
import sys

from celery import Celery, chain, chord

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
_TIMEOUT = {"visibility_timeout": _PATIENCE} if _PATIENCE else {}
_SWEEPS = {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
"""By default abandoned units are looked for every 100 seconds; kombu advises to do it more often with a low timeout."""

app = Celery("bench", broker=_URL, backend=_URL)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options=_TIMEOUT if has_default_sweeps() else {**_TIMEOUT, **_SWEEPS},
    broker_connection_retry_on_startup=True,
)


@app.task(name="step", ignore_result=True)
def step(meeting: str, unit: str) -> str:
    """A stage between others."""
    return work(meeting, unit)


@app.task(name="chunk")
def chunk(meeting: str, unit: str) -> str:
    """One of the units that are joined: the chord needs its result."""
    return work(meeting, unit)


@app.task(name="join", ignore_result=True)
def join(meetings: list[str]) -> str:
    """The stage that waits for all chunks."""
    return work(meetings[0], JOIN)


def submit(meeting: str) -> None:
    """Hand in one meeting; how many chunks it will have is known."""
    first, *others = BEFORE_CHUNKS
    before = [step.s(meeting, first), *(step.s(unit) for unit in others)]
    chain(*before, chord([chunk.s(unit) for unit in CHUNKS], join.s()), step.s(LAST)).apply_async()
    note("submitted", meeting, "meeting")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        submit(name)
