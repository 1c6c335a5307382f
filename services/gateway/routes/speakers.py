"""`/api/speakers`: enrol people, so that they are recognized in meetings."""

import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Body, Request, Response, status
from fastapi.openapi.models import Example

from services.gateway.backpressure import SAMPLE_STAGES
from services.gateway.enrolment import EnrolmentRequest, Sample
from services.gateway.intake.idempotency import REPLAYED_HEADER, RequestKey
from services.gateway.intake.staging import staged
from services.gateway.intake.uploads import receive_form
from services.gateway.problems import documented
from services.gateway.routes import examples
from services.gateway.routes.dependencies import After, IdempotencyKey, Limit, SpeakerId, TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.routes.forms import ENROLMENT_BODY
from services.gateway.routes.meetings import UPLOAD_PROBLEMS
from services.gateway.schemas.forms import EnrolmentForm, read_fields
from services.gateway.schemas.speakers import (
    EnrolmentAnswer,
    ReembeddingAnswer,
    ReembeddingWish,
    Speaker,
    SpeakerPage,
    SpeakerReceipt,
)

MAX_SAMPLES = 20
"""In one request."""

_REEMBEDDINGS: dict[str, Example] = {
    "all": {"summary": "All speakers", "value": {}},
    "some": {"summary": "Some speakers", "value": {"speakers": [examples.SPEAKER.speaker_id]}},
}

router = APIRouter(prefix="/api/speakers", tags=["speakers"])


@router.post(
    "/enroll",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=ENROLMENT_BODY,
    responses={202: shown(examples.ENROLMENT_ANSWER), **documented(*UPLOAD_PROBLEMS)},
)
async def enroll_speaker(
    request: Request,
    response: Response,
    workspace: Workspace,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> EnrolmentAnswer:
    """Accept clips of one person's voice; follow them at `status_url`. One good clip is enough.

    A name that a speaker has already, whatever its case, adds the clips to that speaker: `created` is then false.
    """
    began_at = datetime.datetime.now(datetime.UTC)
    key = RequestKey.of(workspace, "speakers", idempotency_key)
    await gateway.backpressure.admit(SAMPLE_STAGES, key)
    async with staged(gateway.database, gateway.store) as staging:
        sample_ids = []

        async def folder() -> str:
            sample_ids.append(uuid4())
            return await staging.begin(f"samples/{sample_ids[-1]}/")

        form = await receive_form(
            request, gateway.store, folder, limits=gateway.limits, max_uploads=MAX_SAMPLES, has_digests=key is not None
        )
        who = read_fields(EnrolmentForm, form.fields)
        samples = [Sample(one, upload) for one, upload in zip(sample_ids, form.uploads, strict=True)]
        enrolment = EnrolmentRequest(workspace, samples, who, key, began_at)
        answer, is_replay = await gateway.enrolment.enroll(enrolment, staging)
    if is_replay:
        response.headers[REPLAYED_HEADER] = "true"
    return answer


@router.post(
    "/re-embed",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        202: shown(examples.REEMBEDDING_ANSWER),
        **documented("speaker_not_found", "several_embedding_models", "embedding_model_unknown"),
    },
)
async def reembed_speakers(
    workspace: Workspace,
    gateway: TheGateway,
    wish: Annotated[ReembeddingWish | None, Body(openapi_examples=_REEMBEDDINGS)] = None,
) -> ReembeddingAnswer:
    """After a change of the diarization engine: make the voiceprints that its embedding model lacks.

    Each sample is embedded again from the audio that was kept, in a run of its own. The voiceprints of other models
    stay, so that a change back costs nothing, and are never compared. Asking again starts nothing twice.
    """
    return await gateway.reembedding.start(workspace, wish.speakers if wish else None)


@router.get("", responses={200: shown(examples.SPEAKER_PAGE), **documented()})
async def list_speakers(workspace: Workspace, gateway: TheGateway, after: After, limit: Limit = 50) -> SpeakerPage:
    """All speakers, newest first."""
    return await gateway.speakers.page(workspace, after=after, limit=limit)


@router.get("/{speaker_id}", responses={200: shown(examples.SPEAKER), **documented("speaker_not_found")})
async def read_speaker(workspace: Workspace, gateway: TheGateway, speaker_id: SpeakerId) -> Speaker:
    """One speaker, and what became of each sample."""
    return await gateway.speakers.get(workspace, speaker_id)


@router.delete("/{speaker_id}", responses={200: shown(examples.SPEAKER_RECEIPT), **documented("speaker_not_found")})
async def delete_speaker(workspace: Workspace, gateway: TheGateway, speaker_id: SpeakerId) -> SpeakerReceipt:
    """Erase a voice: voiceprints, galleries, caches, clips, and its embeddings from meetings; with a receipt."""
    return await gateway.speakers.delete(workspace, speaker_id)
