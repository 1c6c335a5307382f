"""`…/events`: what happened to a meeting or a speaker, also long after it left Redis."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.gateway.problems import documented
from services.gateway.routes import pipeline_examples as examples
from services.gateway.routes.dependencies import MeetingId, RunId, SpeakerId, TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.schemas.events import MeetingEvents, SpeakerEvents

router = APIRouter(prefix="/api", tags=["pipeline"])


@router.get(
    "/meetings/{meeting_id}/events",
    responses={200: shown(examples.MEETING_EVENTS), **documented("meeting_not_found", "run_not_found")},
)
async def read_meeting_events(
    workspace: Workspace,
    gateway: TheGateway,
    meeting_id: MeetingId,
    run_id: RunId,
    *,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before, or any event.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 200,
) -> MeetingEvents:
    """The history of a run, event by event: how long each unit waited and worked, and what came of it."""
    return await gateway.event_history.meeting(workspace, meeting_id, run_id, after=cursor, limit=limit)


@router.get(
    "/speakers/{speaker_id}/events",
    responses={200: shown(examples.SPEAKER_EVENTS), **documented("speaker_not_found")},
)
async def read_speaker_events(workspace: Workspace, gateway: TheGateway, speaker_id: SpeakerId) -> SpeakerEvents:
    """The history of a speaker's samples."""
    return await gateway.event_history.speaker(workspace, speaker_id)
