"""The relay: publishes the facts of the units that the outbox names, and marks them."""

import asyncio

import structlog
from asyncpg import Record
from opentelemetry.trace import SpanKind
from redis.exceptions import RedisError

from libs.common.outcome import Unit
from libs.common.runtime.retry import is_outage, short_backoff
from libs.common.streams.queue import Publisher
from libs.common.subject import subject_in
from libs.common.tracing.attributes import publishing, subject_attributes
from libs.common.tracing.spans import describe, run_span, trace_of
from services.gateway.background.entries import entry_of
from services.gateway.database import Connection, Database, DatabaseUnavailable, load_queries

_SQL = load_queries("outbox")
_BATCH = 50
_POLL = 1.0

_log = structlog.get_logger(__name__)


class Relay:
    """Publishes rows in any number of gateways at once; each row is one gateway's at a time."""

    def __init__(self, database: Database, publisher: Publisher, waiting: asyncio.Event) -> None:
        """`waiting` is set after a commit that wrote to the outbox; without it a row waits for the next poll."""
        self._database = database
        self._publisher = publisher
        self._waiting = waiting

    async def run(self) -> None:
        """Relay until cancelled."""
        failures = 0
        while True:
            try:
                while await self.relay():
                    pass
                failures = 0
            except (RedisError, OSError, DatabaseUnavailable) as error:
                if not (isinstance(error, DatabaseUnavailable) or is_outage(error)):
                    raise
                failures += 1
                _log.warning("outbox waits", error=str(error), failures=failures)
                await asyncio.sleep(short_backoff(failures))
            await self._wait()

    async def relay(self) -> int:
        """Publish one batch; returns how many rows."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_SQL["take_unsent"], _BATCH)
            for row in rows:
                await self._publish(connection, row)
            await connection.execute(_SQL["mark_sent"], [row["id"] for row in rows])
        return len(rows)

    async def _publish(self, connection: Connection, row: Record) -> None:
        """All facts of the unit under its marker, as its worker published them or would have."""
        unit = Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"])
        facts = await connection.fetch(_SQL["facts_of_unit"], row["run_id"], unit.stage, unit.part)
        subject = subject_in(facts[0]["event"]) if facts else {"run_id": unit.run_id}
        with (
            structlog.contextvars.bound_contextvars(**subject),
            run_span(unit.run_id, "relay", SpanKind.PRODUCER, subject_attributes(subject)) as span,
        ):
            entries = [entry_of(fact, trace=trace_of(span)) for fact in facts]
            describe(span, publishing([entry.key for entry in entries]))
            settled = await self._publisher.publish(unit_id=unit.id, run_id=unit.run_id, entries=entries)
            _log.info("published", unit=unit.name, settled=settled, outputs=[fact["stream"] for fact in facts])

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_POLL):
                await self._waiting.wait()
        except TimeoutError:
            return
        self._waiting.clear()
