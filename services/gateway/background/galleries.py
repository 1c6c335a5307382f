"""Galleries: one object per workspace and embedding model, rebuilt from Postgres whenever an enrolment changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from asyncpg import Record
from redis.exceptions import RedisError

from libs.common.cache import Cache
from libs.common.errors import StorageUnavailable
from libs.common.speakers import Gallery, Voiceprint, gallery_key
from libs.common.speech import EmbeddingModel
from libs.common.storage import ObjectStore
from services.gateway.database import Database, DatabaseUnavailable, load_queries

_SQL = load_queries("galleries")
_POLL = 2.0
_CACHED = 3600.0
_WRITTEN_WITHIN = 60.0
_CHECKED_FOR = 2 * _WRITTEN_WITHIN
"""Seconds during which a gallery is read again after it was written.

Postgres may end the transaction that holds the lock while its gateway still writes. That write can land after the
next gateway's, and bring back a voice that was deleted.
"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Wanted:
    """An object as it follows from Postgres; `None` where no voice is enrolled."""

    key: str
    data: bytes | None


class Galleries:
    """Does the jobs that the transactions on enrolments wrote."""

    def __init__(self, database: Database, store: ObjectStore, cache: Cache, requested: asyncio.Event) -> None:
        self._database = database
        self._store = store
        self._cache = cache
        self._requested = requested

    async def run(self) -> None:
        """Rebuild what is asked for until cancelled."""
        while True:
            try:
                await self.rebuild()
            except (DatabaseUnavailable, StorageUnavailable, RedisError, OSError) as error:
                _log.warning("galleries wait", error=str(error))
            try:
                async with asyncio.timeout(_POLL):
                    await self._requested.wait()
            except TimeoutError:
                continue
            self._requested.clear()

    async def rebuild(self) -> int:
        """Do all jobs; returns how many galleries were written.

        Raises:
            StorageUnavailable: The store did not answer; the job stays.
            RedisError: The cache could not be cleared; the job stays.
        """
        jobs = await self._database.fetch(_SQL["jobs"])
        return sum([await self._do((job["workspace"], job["model"], job["revision"])) for job in jobs])

    async def _do(self, name: tuple[str, str, str]) -> bool:
        """Write a gallery, or see that it still is as it was written."""
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["lock"], *name)
            job = await connection.fetchrow(_SQL["job"], *name, _CHECKED_FOR)
            if job is None:
                return False
            wanted = _wanted(*name, await connection.fetch(_SQL["voiceprints"], *name))
            if job["is_written"] and await self._is_there(wanted):
                if job["is_over"]:
                    await connection.execute(_SQL["finish_job"], *name, job["requested_at"])
                return False
            await self._write(wanted)
            await connection.execute(_SQL["mark_written"], *name, job["requested_at"])
        _log.info("gallery rebuilt", workspace=name[0], model=name[1])
        return True

    async def _is_there(self, wanted: _Wanted) -> bool:
        cached = await self._cache.get(wanted.key)
        return cached in (None, wanted.data) and await self._store.find(wanted.key) == wanted.data

    async def _write(self, wanted: _Wanted) -> None:
        try:
            async with asyncio.timeout(_WRITTEN_WITHIN):
                # The old gallery leaves the cache first, so that a voice that was deleted cannot stay in it.
                await self._cache.delete(wanted.key)
                if wanted.data is None:
                    await self._store.delete([wanted.key])
                else:
                    await self._store.put(wanted.key, wanted.data)
                    await self._cache.set(wanted.key, wanted.data, lifetime=_CACHED)
        except TimeoutError as error:
            raise StorageUnavailable(f"{wanted.key} could not be written in time") from error


def _wanted(workspace: str, model: str, revision: str, rows: Sequence[Record]) -> _Wanted:
    dimension = len(rows[0]["vector"]) if rows else 0
    embedding_model = EmbeddingModel(name=model, revision=revision, dimension=dimension)
    key = gallery_key(workspace, embedding_model)
    if not rows:
        return _Wanted(key, None)
    voiceprints = tuple(_voiceprint(row) for row in rows)
    gallery = Gallery(workspace=workspace, model=embedding_model, voiceprints=voiceprints)
    return _Wanted(key, gallery.model_dump_json().encode())


def _voiceprint(row: Record) -> Voiceprint:
    return Voiceprint(
        sample_id=str(row["sample_id"]),
        speaker_id=str(row["speaker_id"]),
        name=row["name"],
        vector=tuple(row["vector"]),
    )
