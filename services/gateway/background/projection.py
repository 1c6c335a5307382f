"""Events become rows, each once, in one transaction with what follows from them; only then are they acknowledged."""

import asyncio

import structlog
from opentelemetry.trace import SpanKind
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import StorageUnavailable, UnreadableEvent
from libs.common.events import VoiceEmbedded
from libs.common.runtime.motion import StageMotion, usual_patience
from libs.common.runtime.retry import is_outage, short_backoff
from libs.common.streams.connection import BLOCK
from libs.common.streams.keys import PREFIX, PROJECTION
from libs.common.streams.queue import Delivery
from libs.common.streams.reader import GroupReader, Read
from libs.common.subject import subject_in
from libs.common.tracing.attributes import reading, subject_attributes
from libs.common.tracing.spans import run_span
from services.gateway.background.records import Records
from services.gateway.database import DatabaseUnavailable
from services.gateway.metrics.counts import LineCounts
from services.gateway.runs.live_progress import forget_progress
from services.gateway.runs.root_spans import export_root

_READ_AT_ONCE = 100

_log = structlog.get_logger(__name__)


class Projection:
    """Reads all streams, and acknowledges what has been recorded."""

    def __init__(
        self,
        records: Records,
        redis: Redis,
        reader: GroupReader,
        *,
        lease: float,
        galleries: asyncio.Event,
        counts: LineCounts,
    ) -> None:
        """`galleries` is set when an enrolment changed, so that its gallery is rebuilt at once."""
        self._records = records
        self._redis = redis
        self._reader = reader
        self._lease = lease
        self._galleries = galleries
        self._counts = counts
        self._is_closing = False
        self.motion = StageMotion(patience=usual_patience(lease))
        """An outage of Redis is no standstill; a database that records nothing is one, whatever else it answers."""

    def close(self) -> None:
        """Let `run` return within the time that a read may wait."""
        self._is_closing = True

    async def run(self) -> None:
        """Project until `close`; a read that is cancelled would leave entries that nobody sees."""
        loop = asyncio.get_running_loop()
        failures, next_takeover = 0, loop.time() + self._lease
        while not self._is_closing:
            try:
                if loop.time() >= next_takeover:
                    next_takeover = loop.time() + self._lease / 3
                    await self._project(await self._reader.take_over(_READ_AT_ONCE, lease=self._lease))
                await self._project(await self._reader.read(_READ_AT_ONCE, block=BLOCK / 2))
                failures = 0
                self.motion.turn()
            except (RedisError, OSError) as error:
                if not is_outage(error):
                    raise
                failures += 1
                _log.warning("projection waits for redis", error=str(error), failures=failures)
                self.motion.turn()
                await asyncio.sleep(short_backoff(failures))
                # Redis's downtime counts as idle time of every entry.
                next_takeover = loop.time() + self._lease

    async def _project(self, reads: list[Read]) -> None:
        for read in reads:
            if isinstance(read.delivery, Delivery):
                await self._record_in_time(read.stream.removeprefix(PREFIX), read.delivery)
                self.motion.turn()
            else:
                _log.error("discarded an entry that nobody can read", stream=read.stream, reason=read.delivery.reason)
        await self._reader.acknowledge(reads)

    async def _record_in_time(self, stream: str, delivery: Delivery) -> None:
        entry, run_id = delivery.entry, delivery.entry.publisher.run_id
        subject = {**subject_in(entry.event), "run_id": run_id}
        attributes = reading(entry, entry_id=delivery.id, group=PROJECTION, operation="record")
        attributes |= subject_attributes(subject)
        with (
            structlog.contextvars.bound_contextvars(**subject),
            run_span(run_id, f"record {stream}", SpanKind.CONSUMER, attributes, published_by=entry.trace),
        ):
            await self._until_recorded(stream, delivery)

    async def _until_recorded(self, stream: str, delivery: Delivery) -> None:
        failures = 0
        while True:
            try:
                return await self._record(stream, delivery)
            except (DatabaseUnavailable, StorageUnavailable) as error:
                failures += 1
                _log.warning("projection waits", error=str(error), failures=failures)
                await asyncio.sleep(short_backoff(failures))

    async def _record(self, stream: str, delivery: Delivery) -> None:
        try:
            recorded = await self._records.record(stream, delivery)
        except UnreadableEvent as error:
            _log.error("this event belongs to no run", stream=stream, error=error.message)
            return
        self._counts.recorded(recorded.event, delivery.id, ended_as=recorded.ended_as)
        if isinstance(recorded.event, VoiceEmbedded):
            self._galleries.set()
        if recorded.ended_as is not None:
            await forget_progress(self._redis, recorded.event.run_id)
            await export_root(self._records.database, recorded.event.run_id)
