"""What a worker answers about itself."""

import datetime
from typing import Literal

from libs.common.speech import Frozen


class DependencyState(Frozen):
    """One server that a service needs."""

    status: Literal["up", "down"]
    latency: float
    """Seconds until it answered, or until that was given up."""

    error: str | None = None


class StoppedStage(Frozen):
    """A stage that stands still although it should move."""

    stage: str
    since: datetime.datetime


class Liveness(Frozen):
    """`stopped` when a stage stands still: starting the process again helps."""

    status: Literal["ok", "stopped"]
    service: str
    release: str
    stopped: tuple[StoppedStage, ...] = ()


class Readiness(Frozen):
    """Whether a worker takes work: `loading` its engines, `ok`, `degraded` by a server that is down, or `stopping`."""

    status: Literal["loading", "ok", "degraded", "stopping"]
    service: str
    release: str
    dependencies: dict[str, DependencyState]
