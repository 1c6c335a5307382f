"""Deletes meetings by their age."""

import uuid
from dataclasses import dataclass

import structlog

from services.gateway.database import Database, load_queries
from services.gateway.deletion import Deletion

_SQL = load_queries("deletion")
_DAY = 24 * 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Retention:
    """Any number of gateways may do it at once; each meeting is deleted by one of them."""

    database: Database
    deletion: Deletion
    days: float | None
    """How long a meeting stays after its newest run has ended; None: for ever."""

    async def apply(self) -> int:
        """One pass; returns how many meetings were deleted.

        Raises:
            DatabaseUnavailable: Postgres did not answer; the next pass goes on.
        """
        if self.days is None:
            return 0
        age, deleted, last = self.days * _DAY, 0, uuid.UUID(int=0)
        while rows := await self.database.fetch(_SQL["expired_meetings"], age, last):
            for row in rows:
                receipt = await self.deletion.delete_expired(row["workspace"], row["id"], age=age)
                deleted += receipt is not None
            last = rows[-1]["id"]
        if deleted:
            _log.info("meetings deleted by age", meetings=deleted, days=self.days)
        return deleted
