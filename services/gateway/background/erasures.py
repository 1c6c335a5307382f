"""What has to go: what was deleted, again until no late write can come, and objects that losers left behind."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from asyncpg import Record
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.answers import erase_answers
from libs.common.errors import StorageUnavailable
from libs.common.outcome import Outcome
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from libs.common.streams.scripts import Scripts
from services.gateway.background.traces import erase_traces
from services.gateway.database import Connection, Database, load_queries

_SQL = load_queries("erasures")
_RARELY = 3600.0
"""Seconds between two passes over a prefix that was deleted long ago."""

_NO_OUTCOMES = ("/request.json", "/language.json")
"""What else lies directly in the folder of a run."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Erasure:
    """What has to go, and for whose sake."""

    workspace: str
    meeting_id: uuid.UUID | None = None
    speaker_id: uuid.UUID | None = None
    prefixes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


class Erasures:
    """Removes things, idempotently."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        redis: Redis,
        scripts: Scripts,
        *,
        keep_days: float = 7.0,
        sweep_age: float = 120.0,
    ) -> None:
        """`keep_days`: how long entries stay in Redis; until then one of them may be worked again.

        `sweep_age`: seconds after a run's end when its stray objects are removed, and after a deletion when what was
        written late is.
        """
        self.lifetime = (keep_days + 1) * 24 * 3600.0
        """Seconds after a deletion during which something may be written late."""
        self._database = database
        self._store = store
        self._redis = redis
        self._scripts = scripts
        self._cache = RedisCache(redis)
        self._sweep_age = sweep_age

    async def request(self, connection: Connection, erasure: Erasure) -> uuid.UUID:
        """Note, in the deleting transaction, what has to go; returns the id for `run`."""
        erasure_id = uuid.uuid4()
        await connection.execute(
            _SQL["insert_erasure"],
            erasure_id,
            erasure.workspace,
            erasure.meeting_id,
            erasure.speaker_id,
            list(erasure.prefixes),
            list(erasure.keys),
            self.lifetime,
        )
        return erasure_id

    async def run(self, erasure_id: uuid.UUID) -> int:
        """Do one erasure now; returns how many objects were removed.

        Raises:
            StorageUnavailable, RedisError, DatabaseUnavailable: Something did not answer; `repeat` will try again.
        """
        objects = await self.remove_objects(erasure_id)
        await self.finish(erasure_id)
        return objects

    async def remove_objects(self, erasure_id: uuid.UUID) -> int:
        """Remove an erasure's objects, answers of engines included; returns how many besides those.

        Raises:
            StorageUnavailable, RedisError, DatabaseUnavailable: Something did not answer.
        """
        row = await self._database.fetch_one(_SQL["one"], erasure_id)
        if row is None:
            return 0
        if row["meeting_id"] is not None:
            meeting_id = str(row["meeting_id"])
            await erase_answers(self._store, self._cache, workspace=row["workspace"], meeting_id=meeting_id)
        keys = list(row["keys"])
        for prefix in row["prefixes"]:
            keys += await self._store.list(prefix)
        await self._store.delete(keys)
        return len(keys)

    async def finish(self, erasure_id: uuid.UUID) -> None:
        """Remove what is left besides objects, and say that it has been done.

        Raises:
            RedisError, DatabaseUnavailable: Something did not answer.
        """
        row = await self._database.fetch_one(_SQL["one"], erasure_id)
        if row is not None and row["meeting_id"] is not None:
            await self._database.execute(_SQL["end_runs"], row["meeting_id"])
            runs = await self._database.fetch(_SQL["runs_of_meeting"], row["meeting_id"])
            await erase_traces(self._redis, self._scripts, runs)
        await self._database.execute(_SQL["mark"], erasure_id)

    async def repeat(self) -> None:
        """Do all erasures that are due, and forget those that can have no late writes any more."""
        for row in await self._database.fetch(_SQL["due"], self._sweep_age, _RARELY):
            try:
                await self.run(row["id"])
            except (StorageUnavailable, RedisError, OSError) as error:
                _log.warning("an erasure waits", **_named(row, "erasure_id"), error=str(error))
        await self._database.execute(_SQL["forget"])

    async def sweep(self) -> int:
        """Remove objects of ended runs that no outcome names; returns how many."""
        removed = 0
        async for row in self._runs_to_sweep():
            try:
                removed += await self._sweep_run(row)
            except (ValidationError, StorageUnavailable) as error:
                _log.warning("stray objects stay for now", **_named(row, "run_id"), error=str(error))
        return removed

    async def _runs_to_sweep(self) -> AsyncIterator[Record]:
        last = uuid.UUID(int=0)
        while rows := await self._database.fetch(_SQL["runs_to_sweep"], self._sweep_age, last):
            for row in rows:
                yield row
            last = rows[-1]["id"]

    async def _sweep_run(self, row: Record) -> int:
        stray = await self._stray(row["folder"])
        await self._store.delete(stray)
        await self._database.execute(_SQL["mark_swept"], row["id"])
        return len(stray)

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
        if data is None or key.endswith(_NO_OUTCOMES):
            return set()
        return set(Outcome.model_validate_json(data).objects)


def _named(row: Record, name: str) -> dict[str, str]:
    """The ids of a row, as the log names them."""
    ids = {name: row["id"], "meeting_id": row["meeting_id"]}
    return {key: str(value) for key, value in ids.items() if value is not None}
