"""Objects that have to go: what was deleted, again until no late write can come, and what losers left behind."""

import uuid

import structlog
from asyncpg import Record

from libs.common.answers import erase_answers
from libs.common.cache import Cache
from libs.common.outcome import Outcome
from libs.common.storage import ObjectStore
from services.gateway.database import Database, load_queries

_SQL = load_queries("erasures")
_REPEAT = 300.0
"""Seconds between two passes over a prefix that was deleted."""

_SWEEP_AGE = 120.0
"""Seconds after a run's end when its stray objects are removed."""

_log = structlog.get_logger(__name__)


class Erasures:
    """Removes objects, idempotently."""

    def __init__(self, database: Database, store: ObjectStore, cache: Cache) -> None:
        self._database = database
        self._store = store
        self._cache = cache

    async def run(self, erasure_id: uuid.UUID) -> int:
        """Do one erasure now; returns how many objects were removed.

        Raises:
            StorageUnavailable: The store did not answer; `repeat` will try again.
        """
        row = await self._database.fetch_one(_SQL["one"], erasure_id)
        return 0 if row is None else await self._erase(row)

    async def repeat(self) -> None:
        """Do all erasures that are due, and forget those that can have no late writes any more."""
        for row in await self._database.fetch(_SQL["due"], _REPEAT):
            await self._erase(row)
        await self._database.execute(_SQL["forget"])

    async def sweep(self) -> int:
        """Remove objects of ended runs that no outcome names; returns how many."""
        removed = 0
        for row in await self._database.fetch(_SQL["runs_to_sweep"], _SWEEP_AGE):
            stray = await self._stray(row["folder"])
            await self._store.delete(stray)
            await self._database.execute(_SQL["mark_swept"], row["id"])
            removed += len(stray)
        return removed

    async def _erase(self, row: Record) -> int:
        if row["meeting_id"] is not None:
            meeting_id = str(row["meeting_id"])
            await erase_answers(self._store, self._cache, workspace=row["workspace"], meeting_id=meeting_id)
        keys = list(row["keys"])
        for prefix in row["prefixes"]:
            keys += await self._store.list(prefix)
        await self._store.delete(keys)
        await self._database.execute(_SQL["mark"], row["id"])
        return len(keys)

    async def _stray(self, folder: str) -> list[str]:
        keys = await self._store.list(f"{folder}/")
        depth = folder.count("/") + 1
        named: set[str] = set()
        for key in keys:
            if key.count("/") == depth:
                named |= await self._named_by(key)
        return [key for key in keys if key.count("/") > depth and key not in named]

    async def _named_by(self, key: str) -> set[str]:
        data = await self._store.find(key)
        if data is None or key.endswith("/request.json"):
            return set()
        return set(Outcome.model_validate_json(data).objects)
