"""Who else works on the line, as Redis knows it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from redis.exceptions import RedisError

from libs.common.doctor.checking import Check
from libs.common.doctor.finding import Finding, ok, problem, unknown, warning
from libs.common.line import LINE
from libs.common.release import RELEASE
from libs.common.streams.connection import connect
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import StageView, WorkerInfo, living_workers, survey
from libs.common.streams.scripts import Scripts


def workers_check(url: str, service: str) -> Check:
    """The living workers of the stages that a service has, and the releases of all."""
    return Check("workers", partial(_look, url, service))


async def _look(url: str, service: str) -> AsyncIterator[Finding]:
    try:
        async with connect(url) as redis:
            workers = await living_workers(redis)  # also those of stages that this release does not know
            views = await survey(redis, Scripts(redis))
    except (RedisError, OSError):
        yield unknown("workers", "cannot be seen while Redis does not answer")
        return
    yield _releases(workers)
    own = [one.stage for one in LINE if one.service == service] or [PROJECTION]
    for stage in own:
        for finding in _stage(stage, service, views[stage]):
            yield finding


def _releases(workers: Sequence[WorkerInfo]) -> Finding:
    others = sorted({f"{one.service} {one.release}" for one in workers if one.release != RELEASE})
    if others:
        cure = "nothing during a deploy; otherwise deploy the same release everywhere"
        return warning("releases", f"here is {RELEASE}, and there live {', '.join(others)}", cure)
    return ok("releases", f"all that live are {RELEASE}")


def _stage(stage: str, service: str, view: StageView) -> Iterator[Finding]:
    """As severe as the gateway's `/health`: without a worker only waiting work makes it a problem."""
    count = len(view.workers)
    if count == 0:
        yield _deserted(stage, service, view)
    else:
        yield ok("workers", f"{stage} has {count} living worker{'s' if count > 1 else ''}")
    for consumer, since in view.stopped(stage).items():
        what = f"{stage} has stood still in {consumer} since {since:%Y-%m-%d %H:%M:%SZ}"
        yield problem("workers", what, "start that process again")


def _deserted(stage: str, service: str, view: StageView) -> Finding:
    if view.backlog.unread + view.backlog.delayed + view.backlog.pending:
        return problem("workers", f"{stage} has work and no living worker", f"start the {service}: the work waits")
    return warning("workers", f"{stage} has no living worker", f"start the {service}: its work waits until then")
