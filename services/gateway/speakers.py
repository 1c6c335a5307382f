"""What can be done with speakers: list them, follow an enrolment, and erase somebody's voice."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from asyncpg import Record
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.errors import StorageUnavailable
from services.gateway.background.erasures import Erasure, Erasures
from services.gateway.background.galleries import Galleries
from services.gateway.database import Connection, Database, DatabaseUnavailable, load_queries
from services.gateway.embedding_models import model_in_use
from services.gateway.errors import SpeakerNotFound
from services.gateway.pages import Cursor
from services.gateway.runs.cancellation import tell_workers
from services.gateway.runs.facts import run_error
from services.gateway.schemas.speakers import SampleStatus, Speaker, SpeakerPage, SpeakerReceipt, SpeakerStatus
from services.gateway.voiceprints import voiceprint_state

_SQL = load_queries("speakers")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Erased:
    """What the deleting transaction found."""

    deleted_at: datetime.datetime
    erasure_id: UUID
    runs: list[str]
    samples: int
    voiceprints: int
    embeddings: int
    galleries: int


@dataclass(frozen=True)
class Speakers:
    """The use cases."""

    database: Database
    redis: Redis
    galleries: Galleries
    erasures: Erasures

    async def page(self, workspace: str, *, after: Cursor | None, limit: int) -> SpeakerPage:
        """Speakers, newest first."""
        last = (after.created_at, after.id) if after else (None, None)
        model = await model_in_use(self.redis)
        async with self.database.snapshot() as connection:
            rows = await connection.fetch(_SQL["list_speakers"], workspace, *last, limit + 1)
            speakers = await _with_samples(connection, rows[:limit], model)
        has_more = len(rows) > limit
        return SpeakerPage(
            speakers=speakers,
            next_cursor=str(Cursor(rows[limit - 1]["created_at"], rows[limit - 1]["id"])) if has_more else None,
        )

    async def get(self, workspace: str, speaker_id: UUID) -> Speaker:
        """One speaker.

        Raises:
            SpeakerNotFound: There is none.
        """
        model = await model_in_use(self.redis)
        async with self.database.snapshot() as connection:
            row = await connection.fetchrow(_SQL["find_speaker"], workspace, speaker_id)
            if row is None:
                raise SpeakerNotFound(f"there is no speaker {speaker_id}")
            return (await _with_samples(connection, [row], model))[0]

    async def delete(self, workspace: str, speaker_id: UUID) -> SpeakerReceipt:
        """Erase a voice: rows, voiceprints, galleries, caches, clips, and its embeddings from meetings.

        Raises:
            SpeakerNotFound: There is none.
        """
        async with self.database.transaction() as connection:
            if await connection.fetchval(_SQL["lock_speaker"], workspace, speaker_id) is None:
                raise SpeakerNotFound(f"there is no speaker {speaker_id}")
            erased = await _erase_rows(connection, self.erasures, workspace, speaker_id)
        await tell_workers(self.redis, erased.runs, lifetime=self.erasures.lifetime)
        objects, is_pending = await self._erase_objects(erased)
        _log.info("speaker deleted", speaker_id=str(speaker_id), objects=objects, pending=is_pending)
        return SpeakerReceipt(
            speaker_id=str(speaker_id),
            deleted_at=erased.deleted_at,
            samples=erased.samples,
            voiceprints=erased.voiceprints,
            embeddings=erased.embeddings,
            galleries=erased.galleries,
            objects=objects,
            pending=is_pending,
        )

    async def _erase_objects(self, erased: _Erased) -> tuple[int, bool]:
        """Objects removed, and whether something is left to the passes that try again."""
        objects = 0
        try:
            await self.galleries.rebuild()
            objects = await self.erasures.run(erased.erasure_id)
        except (StorageUnavailable, DatabaseUnavailable, RedisError, OSError) as error:
            _log.warning("erasure will be tried again", error=str(error))
            return objects, True
        return objects, False


async def _erase_rows(connection: Connection, erasures: Erasures, workspace: str, speaker_id: UUID) -> _Erased:
    runs = await connection.fetch(_SQL["lock_runs_of_speaker"], speaker_id)
    jobs = await connection.fetch(_SQL["request_galleries"], speaker_id)
    voiceprints = await connection.fetchval(_SQL["count_voiceprints"], speaker_id)
    samples = await connection.fetch(_SQL["sample_ids"], speaker_id)
    embeddings = await connection.fetch(_SQL["forget_embeddings"], speaker_id, workspace)
    erasure = Erasure(
        workspace,
        speaker_id=speaker_id,
        prefixes=tuple(f"samples/{one['id']}/" for one in samples),
        keys=tuple(one["embedding_key"] for one in embeddings),
    )
    erasure_id = await erasures.request(connection, erasure)
    deleted_at = await connection.fetchval(_SQL["delete_speaker"], speaker_id)
    return _Erased(
        deleted_at=deleted_at,
        erasure_id=erasure_id,
        runs=[str(one["id"]) for one in runs],
        samples=len(samples),
        voiceprints=voiceprints,
        embeddings=len(embeddings),
        galleries=len(jobs),
    )


async def _with_samples(connection: Connection, rows: Sequence[Record], model: str | None) -> tuple[Speaker, ...]:
    samples: dict[UUID, list[SampleStatus]] = {row["id"]: [] for row in rows}
    for one in await connection.fetch(_SQL["samples_of_speakers"], list(samples), model):
        samples[one["speaker_id"]].append(_sample(one, model))
    return tuple(
        Speaker(
            speaker_id=str(row["id"]),
            name=row["name"],
            status=_speaker_status(samples[row["id"]]),
            created_at=row["created_at"],
            recognizable=any(one.voiceprint == "present" for one in samples[row["id"]]) if model else None,
            samples=tuple(samples[row["id"]]),
        )
        for row in rows
    )


def _speaker_status(samples: Sequence[SampleStatus]) -> SpeakerStatus:
    found = {one.status for one in samples}
    if "enrolled" in found:
        return "enrolled"
    return "processing" if "processing" in found else "failed"


def _sample(row: Record, model: str | None) -> SampleStatus:
    return SampleStatus(
        sample_id=str(row["id"]),
        filename=row["filename"],
        status=_sample_status(row),
        error=run_error(row),
        models=tuple(row["models"]),
        voiceprint=voiceprint_state(row, model),
        speech_seconds=row["speech_seconds"],
        created_at=row["created_at"],
    )


def _sample_status(row: Record) -> SpeakerStatus:
    if row["models"]:
        return "enrolled"
    return "failed" if row["run_status"] in {"failed", "cancelled"} else "processing"
