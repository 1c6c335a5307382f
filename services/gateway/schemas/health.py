"""What the API answers about itself."""

import datetime
from typing import Literal

from services.gateway.schemas.answers import Answer


class DependencyHealth(Answer):
    """One server that the gateway needs."""

    status: Literal["up", "down"]
    latency: float
    """Seconds until it answered, or until that was given up."""

    error: str | None = None


class StoppedWorker(Answer):
    """A worker whose process lives and whose stage does not move."""

    consumer: str
    since: datetime.datetime


class StageHealth(Answer):
    """One stage of the line."""

    workers: int
    """Processes that live and work on it."""

    engines: tuple[str, ...]
    waiting: int
    """Entries that nobody has taken."""

    pending: int
    """Entries that a worker has in hand."""

    oldest: float | None
    """Seconds since the oldest of them was published."""

    stopped: tuple[StoppedWorker, ...] = ()
    """Workers that live and stand still although they should move."""

    left_unread: float | None = None
    """Seconds that an entry has waited although a worker has had room for it, where that is too long."""

    @property
    def has_work_alone(self) -> bool:
        """Whether there is work and nobody to do it."""
        return self.workers == 0 and self.waiting + self.pending > 0

    @property
    def is_stuck(self) -> bool:
        """Whether work stands still here."""
        return self.has_work_alone or bool(self.stopped) or self.left_unread is not None


class Health(Answer):
    """`degraded` if a dependency is down, or a stage has no worker or one that does not move."""

    status: Literal["ok", "degraded"]
    release: str
    dependencies: dict[str, DependencyHealth]
    stages: dict[str, StageHealth]
    problems: tuple[str, ...]
    """What is wrong, for people."""

    notes: tuple[str, ...] = ()
    """What somebody should do although nothing is wrong, for people."""

    @property
    def is_failing(self) -> bool:
        """Whether work stands still; a stage without workers is no failure while nothing waits for it."""
        is_down = any(one.status == "down" for one in self.dependencies.values())
        return is_down or any(one.is_stuck for one in self.stages.values())


class Readiness(Answer):
    """Whether this gateway can take requests."""

    status: Literal["ok", "degraded"]
    dependencies: dict[str, DependencyHealth]
