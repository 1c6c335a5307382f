"""What the API answers about the line."""

import datetime

from libs.common.minutes import Usage
from services.gateway.schemas.answers import Answer


class QueueState(Answer):
    """The work before a stage, as the streams know it."""

    waiting: int
    """Entries that nobody has taken."""

    pending: int
    """Entries that a worker has in hand."""

    delayed: int
    """Units that were put aside for later: for their next attempt, or until an outage is over."""

    oldest: float | None
    """Seconds since the oldest entry that waits or is in hand was added to its stream."""

    attempts: int
    """The most attempts that a unit in hand or put aside has begun."""

    repeated: int
    """Units in hand or put aside that were begun before."""

    length: int
    """Entries in the stage's stream; for the projection, in all streams."""

    memory_bytes: int
    """What they take in Redis."""


class StageWorker(Answer):
    """A living process that works on a stage."""

    consumer: str
    release: str
    engine: str | None


class Throughput(Answer):
    """Units finished, counted from the facts in Postgres; for the projection, those of all stages."""

    last_minute: int
    last_5_minutes: int
    last_15_minutes: int

    per_minute: float
    """Over the last 15 minutes."""

    median_seconds: float | None
    """Of the work on one unit, over the last 15 minutes; the projection does not measure it."""

    percentile_95_seconds: float | None

    usage: Usage | None = None
    """What remote models took over the last 15 minutes, for all workspaces; `null` where none was asked."""


class PutBacks(Answer):
    """Inputs that the reconciler had to add to the stage's stream again; above zero, something is losing them."""

    inputs: int
    last_at: datetime.datetime | None


class StageOverview(Answer):
    """One stage of the line."""

    queue: QueueState | None
    """`null` while Redis does not answer."""

    workers: tuple[StageWorker, ...]
    throughput: Throughput
    put_backs: PutBacks

    dead: int
    """Units that were given up and wait at `/api/pipeline/dead`, of the caller's workspace."""


class Pipeline(Answer):
    """The line, stage by stage in its order, and the projection."""

    at: datetime.datetime
    stages: dict[str, StageOverview]
