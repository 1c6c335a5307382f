"""Galleries: one object per workspace and embedding model, rebuilt from Postgres whenever an enrolment changed."""

import asyncio

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

_log = structlog.get_logger(__name__)


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
        """Do all jobs; returns how many galleries were rebuilt.

        Raises:
            StorageUnavailable: The store did not answer; the job stays.
            RedisError: The cache could not be cleared; the job stays.
        """
        jobs = await self._database.fetch(_SQL["jobs"])
        for job in jobs:
            await self._rebuild(job["workspace"], job["model"], job["revision"])
        return len(jobs)

    async def _rebuild(self, workspace: str, model: str, revision: str) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["lock"], workspace, model, revision)
            requested_at = await connection.fetchval(_SQL["job"], workspace, model, revision)
            if requested_at is None:
                return
            rows = await connection.fetch(_SQL["voiceprints"], workspace, model, revision)
            await self._write(workspace, model, revision, rows)
            await connection.execute(_SQL["finish_job"], workspace, model, revision, requested_at)
        _log.info("gallery rebuilt", workspace=workspace, model=model, voiceprints=len(rows))

    async def _write(self, workspace: str, model: str, revision: str, rows: list[Record]) -> None:
        dimension = len(rows[0]["vector"]) if rows else 0
        key = gallery_key(workspace, EmbeddingModel(name=model, revision=revision, dimension=dimension))
        # The old gallery leaves the cache first, so that a voice that was deleted cannot stay in it.
        await self._cache.delete(key)
        if not rows:
            await self._store.delete([key])
            return
        gallery = Gallery(
            workspace=workspace,
            model=EmbeddingModel(name=model, revision=revision, dimension=dimension),
            voiceprints=tuple(_voiceprint(row) for row in rows),
        )
        data = gallery.model_dump_json().encode()
        await self._store.put(key, data)
        await self._cache.set(key, data, lifetime=_CACHED)


def _voiceprint(row: Record) -> Voiceprint:
    return Voiceprint(
        sample_id=str(row["sample_id"]),
        speaker_id=str(row["speaker_id"]),
        name=row["name"],
        vector=tuple(row["vector"]),
    )
