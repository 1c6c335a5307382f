"""`/api/meetings`: hand in recordings and get back who said what."""

import datetime
from uuid import uuid4

from fastapi import APIRouter, Request, Response, status

from services.gateway.backpressure import MEETING_STAGES
from services.gateway.intake.idempotency import REPLAYED_HEADER, RequestKey
from services.gateway.intake.staging import staged
from services.gateway.intake.uploads import receive_form
from services.gateway.meetings import Submission
from services.gateway.problems import documented
from services.gateway.routes import examples
from services.gateway.routes.dependencies import After, IdempotencyKey, Limit, MeetingId, RunId, TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.routes.forms import MEETING_BODY
from services.gateway.schemas.forms import MeetingForm, read_fields
from services.gateway.schemas.meetings import (
    MeetingAnswer,
    MeetingCancellation,
    MeetingPage,
    MeetingProgress,
    MeetingReceipt,
)

UPLOAD_PROBLEMS = (
    "unsupported_media_type",
    "upload_too_large",
    "truncated_upload",
    "malformed_upload",
    "upload_stalled",
    "upload_expired",
    "empty_upload",
    "idempotency_key_reused",
    "backlog_full",
    "storage_unavailable",
)

router = APIRouter(prefix="/api/meetings", tags=["meetings"])


@router.post(
    "/process",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=MEETING_BODY,
    responses={202: shown(examples.MEETING_ANSWER), **documented(*UPLOAD_PROBLEMS)},
)
async def process_meeting(
    request: Request,
    response: Response,
    workspace: Workspace,
    gateway: TheGateway,
    idempotency_key: IdempotencyKey = None,
) -> MeetingAnswer:
    """Accept a recording; follow it at `status_url`, read it at `results_url`.

    The recording goes straight to the object store. After the 202 it is never lost.
    """
    began_at = datetime.datetime.now(datetime.UTC)
    key = RequestKey.of(workspace, "meetings", idempotency_key)
    await gateway.backpressure.admit(MEETING_STAGES, key)
    meeting_id = uuid4()
    async with staged(gateway.database, gateway.store) as staging:

        async def folder() -> str:
            return await staging.begin(f"meetings/{meeting_id}/")

        form = await receive_form(
            request, gateway.store, folder, limits=gateway.limits, max_uploads=1, has_digests=key is not None
        )
        options = read_fields(MeetingForm, form.fields, personas=gateway.personas)
        submission = Submission(workspace, meeting_id, form.uploads[0], options, key, began_at)
        answer, is_replay = await gateway.meetings.accept(submission, staging)
    if is_replay:
        response.headers[REPLAYED_HEADER] = "true"
    return answer


@router.get("", responses={200: shown(examples.MEETING_PAGE), **documented()})
async def list_meetings(workspace: Workspace, gateway: TheGateway, after: After, limit: Limit = 20) -> MeetingPage:
    """All meetings, newest first."""
    return await gateway.meetings.page(workspace, after=after, limit=limit)


@router.get(
    "/{meeting_id}/status",
    responses={200: shown(examples.MEETING_PROGRESS), **documented("meeting_not_found", "run_not_found")},
)
async def read_status(workspace: Workspace, gateway: TheGateway, meeting_id: MeetingId, run: RunId) -> MeetingProgress:
    """How far a meeting, or one of its runs, is, stage by stage."""
    return await gateway.meetings.progress(workspace, meeting_id, run)


@router.post(
    "/{meeting_id}/cancel",
    responses={
        200: shown(examples.MEETING_CANCELLATION),
        **documented("meeting_not_found", "run_not_found", "meeting_ended"),
    },
)
async def cancel_meeting(
    workspace: Workspace, gateway: TheGateway, meeting_id: MeetingId, run: RunId
) -> MeetingCancellation:
    """Stop working on a meeting, or on one of its runs; what is there already stays readable."""
    return await gateway.meetings.cancel(workspace, meeting_id, run)


@router.delete("/{meeting_id}", responses={200: shown(examples.MEETING_RECEIPT), **documented("meeting_not_found")})
async def delete_meeting(workspace: Workspace, gateway: TheGateway, meeting_id: MeetingId) -> MeetingReceipt:
    """Remove a meeting with its recording, transcript and minutes; answers with a receipt."""
    return await gateway.deletion.delete(workspace, meeting_id)
