"""Who else works on the line, as Redis knows it."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from redis.exceptions import RedisError

from libs.common.doctor.checking import Check
from libs.common.doctor.finding import Finding, ok, unknown, warning
from libs.common.line import LINE
from libs.common.release import RELEASE
from libs.common.streams.connection import connect
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import WorkerInfo, living_workers


def workers_check(url: str, service: str) -> Check:
    """The living workers of the stages that a service has, and the releases of all."""
    return Check("workers", partial(_look, url, service))


async def _look(url: str, service: str) -> AsyncIterator[Finding]:
    try:
        async with connect(url) as redis:
            workers = await living_workers(redis)
    except (RedisError, OSError):
        yield unknown("workers", "cannot be seen while Redis does not answer")
        return
    yield _releases(workers)
    own = [one.stage for one in LINE if one.service == service] or [PROJECTION]
    for stage in own:
        yield _stage(stage, service, workers)


def _releases(workers: Sequence[WorkerInfo]) -> Finding:
    others = sorted({f"{one.service} {one.release}" for one in workers if one.release != RELEASE})
    if others:
        cure = "nothing during a deploy; otherwise deploy the same release everywhere"
        return warning("releases", f"here is {RELEASE}, and there live {', '.join(others)}", cure)
    return ok("releases", f"all that live are {RELEASE}")


def _stage(stage: str, service: str, workers: Sequence[WorkerInfo]) -> Finding:
    count = sum(stage in one.stages for one in workers)
    if count == 0:
        return warning("workers", f"{stage} has no living worker", f"start the {service}: its work waits until then")
    return ok("workers", f"{stage} has {count} living worker{'s' if count > 1 else ''}")
