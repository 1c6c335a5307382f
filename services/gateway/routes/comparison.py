"""`/api/meetings/{meeting_id}/runs/compare`: two runs side by side."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.gateway.problems import documented
from services.gateway.routes.comparison_examples import COMPARISON
from services.gateway.routes.dependencies import MeetingId, TheGateway, Workspace, named_run
from services.gateway.routes.examples import shown
from services.gateway.runs.comparison import Comparisons
from services.gateway.schemas.comparison import Comparison


async def _before(before: Annotated[str, Query(description="Id of the run that counts as the reference.")]) -> UUID:
    return named_run(before)


async def _after(after: Annotated[str, Query(description="Id of the run that is compared with it.")]) -> UUID:
    return named_run(after)


router = APIRouter(prefix="/api/meetings", tags=["replay"])


@router.get(
    "/{meeting_id}/runs/compare",
    response_model=Comparison,
    responses={200: shown(COMPARISON), **documented("meeting_not_found", "run_not_found", "storage_unavailable")},
)
async def compare_runs(
    workspace: Workspace,
    gateway: TheGateway,
    meeting_id: MeetingId,
    before: Annotated[UUID, Depends(_before)],
    after: Annotated[UUID, Depends(_after)],
    *,
    collar: Annotated[
        float, Query(ge=0, le=5, description="Seconds around turns' boundaries that DER leaves out.")
    ] = 0,
) -> Response:
    """What differs between two runs of a meeting, with the numbers: turns, names, words, minutes, engines, settings.

    A run that has failed, or has not come far, is compared as far as it has come; `missing` says what is not there.
    """
    comparisons = Comparisons(gateway.database, gateway.store)
    content = await comparisons.json(workspace, meeting_id, before, after, collar=collar)
    return Response(content, media_type="application/json")
