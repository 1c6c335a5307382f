"""`/api/meetings/{meeting_id}/runs`: work a meeting again beside what is there, and choose what it shows."""

from typing import Annotated

from fastapi import APIRouter, Body, Response, status
from fastapi.openapi.models import Example

from services.gateway.intake.idempotency import REPLAYED_HEADER, RequestKey
from services.gateway.problems import documented
from services.gateway.routes import examples
from services.gateway.routes.dependencies import IdempotencyKey, MeetingId, TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.schemas.runs import CurrentRunWish, MeetingRun, MeetingRuns, ReplayAnswer, ReplayWish

_REPLAYS: dict[str, Example] = {
    "settings": {
        "summary": "With another setting",
        "value": {"from_stage": "diarize", "settings": {"diarizer.max_speakers": 4}},
    },
    "personas": {
        "summary": "Other minutes, which are not shown until somebody chooses them",
        "value": {"from_stage": "summarize", "personas": ["executive"], "current": "never"},
    },
}
_CHOICES: dict[str, Example] = {
    "run": {"summary": "As the list of runs names it", "value": {"run_id": examples.MEETING_RUNS.runs[-1].run_id}}
}

router = APIRouter(prefix="/api/meetings", tags=["replay"])


@router.post(
    "/{meeting_id}/replay",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        202: shown(examples.REPLAY_ANSWER),
        **documented(
            "meeting_not_found",
            "run_not_found",
            "replay_not_possible",
            "idempotency_key_reused",
            "backlog_full",
            "storage_unavailable",
        ),
    },
)
async def replay_meeting(
    response: Response,
    workspace: Workspace,
    gateway: TheGateway,
    meeting_id: MeetingId,
    wish: Annotated[ReplayWish, Body(openapi_examples=_REPLAYS)],
    *,
    idempotency_key: IdempotencyKey = None,
) -> ReplayAnswer:
    """Work a meeting again from a stage on, as a new run beside the old one, which stays readable.

    What the stages before have made is reused, and their engines do nothing. A setting that concerns only such a
    stage is refused.
    """
    key = RequestKey.of(workspace, "replays", idempotency_key)
    answer, is_replay = await gateway.replays.replay(workspace, meeting_id, wish, key)
    if is_replay:
        response.headers[REPLAYED_HEADER] = "true"
    return answer


@router.get(
    "/{meeting_id}/runs",
    responses={200: shown(examples.MEETING_RUNS), **documented("meeting_not_found", "storage_unavailable")},
)
async def list_runs(workspace: Workspace, gateway: TheGateway, meeting_id: MeetingId) -> MeetingRuns:
    """All runs of a meeting, newest first."""
    return await gateway.run_history.of_meeting(workspace, meeting_id)


@router.put(
    "/{meeting_id}/runs/current",
    responses={
        200: shown(examples.MEETING_RUNS.runs[-1]),
        **documented("meeting_not_found", "run_not_found", "storage_unavailable"),
    },
)
async def choose_run(
    workspace: Workspace,
    gateway: TheGateway,
    meeting_id: MeetingId,
    wish: Annotated[CurrentRunWish, Body(openapi_examples=_CHOICES)],
) -> MeetingRun:
    """Let the meeting show this run.

    The choice stands: a replay that is in progress does not take its place when it completes.
    """
    return await gateway.run_history.choose(workspace, meeting_id, wish.run_id)
