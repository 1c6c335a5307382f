"""Enrolment: samples become the voiceprints of a speaker, each by a run of its own."""

import asyncio
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from libs.common.events import SampleAccepted
from services.gateway.database import Connection, Database, load_queries
from services.gateway.intake.acceptance import begin_run
from services.gateway.intake.idempotency import RequestKey, claim, fingerprint, record_answer
from services.gateway.intake.staging import Staging
from services.gateway.intake.uploads import Upload
from services.gateway.schemas.forms import EnrolmentForm
from services.gateway.schemas.speakers import EnrolmentAnswer

_SQL = load_queries("speakers")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sample:
    """An enrolment clip that has been stored."""

    id: UUID
    upload: Upload


@dataclass(frozen=True)
class EnrolmentRequest:
    """Clips that have been stored, and whose they are."""

    workspace: str
    samples: Sequence[Sample]
    form: EnrolmentForm
    key: RequestKey | None
    began_at: datetime.datetime


@dataclass(frozen=True)
class Enrolment:
    """The use case."""

    database: Database
    outbox_waiting: asyncio.Event
    """Set when the relay has something to publish."""

    async def enroll(self, request: EnrolmentRequest, staging: Staging) -> tuple[EnrolmentAnswer, bool]:
        """Take responsibility for samples; the flag says whether this repeats an earlier request.

        A name that a speaker of the workspace has already, whatever the case of its letters, means that speaker.

        Raises:
            IdempotencyKeyReused: The key belongs to another request.
            UploadExpired: The upload took longer than a day.
        """
        async with self.database.transaction() as connection:
            if request.key and (known := await self._claimed(connection, request.key, request)):
                return EnrolmentAnswer.model_validate_json(known), True
            answer = await _insert(connection, request)
            if request.key:
                await record_answer(connection, request.key, answer)
            await staging.accept(connection)
        self.outbox_waiting.set()
        for sample_id in answer.sample_ids:
            _log.info("sample accepted", sample_id=sample_id, speaker_id=answer.speaker_id, created=answer.created)
        return answer, False

    async def _claimed(self, connection: Connection, key: RequestKey, request: EnrolmentRequest) -> str | None:
        recordings = [one.upload.digest for one in request.samples]
        return await claim(connection, key, fingerprint(request.form, recordings))


async def _insert(connection: Connection, request: EnrolmentRequest) -> EnrolmentAnswer:
    new_id = uuid4()
    speaker = await connection.fetchrow(_SQL["find_or_insert_speaker"], new_id, request.workspace, request.form.name)
    assert speaker is not None  # it answers with the new row or the one that is there
    for sample in request.samples:
        await _insert_sample(connection, request, sample, speaker_id=speaker["id"])
    return EnrolmentAnswer(
        speaker_id=str(speaker["id"]),
        name=speaker["name"],
        created=speaker["id"] == new_id,
        sample_ids=tuple(str(one.id) for one in request.samples),
        status_url=f"/api/speakers/{speaker['id']}",
    )


async def _insert_sample(
    connection: Connection, request: EnrolmentRequest, sample: Sample, *, speaker_id: UUID
) -> None:
    upload = sample.upload
    await connection.execute(
        _SQL["insert_sample"],
        sample.id,
        request.workspace,
        speaker_id,
        upload.filename,
        upload.key,
        upload.size_bytes,
        request.form.consent,
    )
    accepted = SampleAccepted(
        workspace=request.workspace,
        run_id=str(uuid4()),
        speaker_id=str(speaker_id),
        sample_id=str(sample.id),
        upload_key=upload.key,
    )
    await begin_run(connection, accepted, began_at=request.began_at)
