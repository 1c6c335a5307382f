"""Backpressure: new work is refused while too much waits before a stage that it would pass through."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from libs.common.events import ChunkEvent
from libs.common.line import CONSUMERS, LINE, MEETING_LINE, SAMPLE_LINE, ClientStage
from libs.common.streams.monitor import backlog
from libs.common.streams.scripts import Scripts
from services.gateway.database import Database, DatabaseUnavailable, load_queries
from services.gateway.errors import BacklogFull
from services.gateway.intake.idempotency import RequestKey
from services.gateway.metrics.counts import LineCounts
from services.gateway.runs.status import STAGES
from services.gateway.schemas.problems import StageBacklog
from services.gateway.shared_look import SharedLook

MEETING_STAGES = tuple(one.stage for one in MEETING_LINE)
"""What a new meeting passes through."""

SAMPLE_STAGES = tuple(one.stage for one in SAMPLE_LINE)
"""What an enrolment clip passes through."""

CHUNKS_PER_MEETING = 20
"""So many times the limit may wait where a unit is a chunk, which is about a minute of a meeting."""

_CHUNK_STAGES = frozenset(one.stage for one in MEETING_LINE if issubclass(one.consumes, ChunkEvent))

_FRESH = 1.0
"""Seconds for which one look at the backlogs serves all requests."""

_PATIENCE = 1.0
"""Seconds that a look may take of a request's time."""

_LATELY = 300.0
"""Seconds over which a stage's rate is taken."""

_SOONEST, _LATEST = 5, 600
"""Seconds between which a client is told to come back."""

_SQL = load_queries("backpressure")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Look:
    """What one look at the backlogs found."""

    units: Counter[str]
    finished: Mapping[str, int]
    """Within `_LATELY`, of the stages that are full."""


class Backpressure:
    """Says whether there is room. Only new work is refused; what was accepted goes on.

    Redis and Postgres are looked at once a second at most, and only if somebody asks. While Redis does not answer, or
    takes no writes, what is accepted waits in the outbox, which counts as the backlog of the stage that it is for.
    """

    def __init__(self, database: Database, scripts: Scripts, counts: LineCounts, *, limit: int) -> None:
        """`limit`: units that may wait before a stage, be put aside or be in work, chunks apart; 0 for any number."""
        self._database = database
        self._scripts = scripts
        self._counts = counts
        self._limit = limit
        self._newest = SharedLook(self._look, fresh=_FRESH)

    async def admit(self, stages: Sequence[str], key: RequestKey | None = None) -> None:
        """Let new work in that would pass through `stages`. `key`: a repeat of an accepted request is no new work.

        Raises:
            BacklogFull: Too much waits before one of them.
        """
        if not self._limit:
            return
        look = await self._newest()
        full = [one for one in stages if self._is_full(one, look.units)]
        if not full or (key is not None and await self._is_answered(key)):
            return
        waits = {stage: self._wait(stage, look) for stage in full}
        stage = max(full, key=waits.__getitem__)
        found = StageBacklog(stage=stage, units=look.units[stage], limit=self._limit_of(stage))
        self._counts.refused(stage)
        raise BacklogFull.of(found, retry_after=waits[stage])

    def _wait(self, stage: str, look: _Look) -> int:
        """Seconds until there may be room, at the rate of late; spread, so that not all come back at once."""
        excess = look.units[stage] - self._limit_of(stage) + 1
        rate = look.finished.get(stage, 0) / _LATELY
        estimate = excess / rate * random.uniform(1.0, 1.25) if rate else _LATEST  # noqa: S311 - spreads load
        return min(max(_SOONEST, round(estimate)), _LATEST)

    def _limit_of(self, stage: str) -> int:
        return self._limit * CHUNKS_PER_MEETING if stage in _CHUNK_STAGES else self._limit

    def _is_full(self, stage: str, units: Counter[str]) -> bool:
        return units[stage] >= self._limit_of(stage)

    async def _is_answered(self, key: RequestKey) -> bool:
        return bool(await self._database.fetch(_SQL["is_answered"], key.workspace, key.route, key.value))

    async def _look(self) -> _Look:
        units = await self._units()
        full = [stage for stage in units if self._is_full(stage, units)]
        return _Look(units, await self._finished(full) if full else {})

    async def _units(self) -> Counter[str]:
        in_redis, unsent = await asyncio.gather(self._in_redis(), self._unsent())
        return in_redis + unsent

    async def _in_redis(self) -> Counter[str]:
        units: Counter[str] = Counter()
        try:
            async with asyncio.timeout(_PATIENCE):
                for one in LINE:
                    units[one.stage] = await self._waiting(one.consumes.stream, one.stage)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("the backlogs are out of reach; only the outbox counts", error=str(error))
            return Counter()
        return units

    async def _waiting(self, stream: str, stage: str) -> int:
        found = await backlog(self._scripts, stream=stream, group=stage, looked_at_at_most=1)
        return found.unread + found.delayed + found.pending

    async def _unsent(self) -> Counter[str]:
        """What the relay still has to publish, by the stage that it is for."""
        rows = await self._read("unsent")
        return Counter({CONSUMERS[stream].stage: units for stream, units in rows.items() if stream in CONSUMERS})

    async def _finished(self, stages: Sequence[str]) -> Mapping[str, int]:
        return await self._read("finished", list(stages), _LATELY)

    async def _read(self, query: str, *values: object) -> dict[str, int]:
        try:
            async with asyncio.timeout(_PATIENCE):
                return {row[0]: row["units"] for row in await self._database.fetch(_SQL[query], *values)}
        except (DatabaseUnavailable, TimeoutError):
            return {}  # whoever brings new work learns it when that is to be noted


def stages_from(first: ClientStage) -> tuple[str, ...]:
    """What a replay passes through that begins at a stage."""
    names = list(STAGES)
    return tuple(stage for name in names[names.index(first) :] for stage in STAGES[name])
