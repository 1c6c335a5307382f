"""`/api/pipeline`: the line as an operator sees it."""

import time
from collections.abc import AsyncIterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from libs.common.line import LINE
from libs.common.streams.place import Place
from services.gateway.errors import InvalidRequest, MeetingNotFound
from services.gateway.intake.acceptance import ACCEPT
from services.gateway.pipeline.following import Wish, server_sent_events
from services.gateway.problems import documented
from services.gateway.routes import pipeline_examples as examples
from services.gateway.routes.dependencies import TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.schemas.pipeline import Pipeline
from services.gateway.schemas.problems import FieldError

_STAGES = (ACCEPT, *(one.stage for one in LINE))
_MAX_SINCE = 30 * 86400.0

router = APIRouter(prefix="/api/pipeline", tags=["pipeline"])


async def _meeting(
    meeting: Annotated[str | None, Query(description="Only events of this meeting.")] = None,
) -> str | None:
    try:
        return str(UUID(meeting)) if meeting is not None else None
    except ValueError as error:
        raise MeetingNotFound(f"there is no meeting {meeting}") from error


async def _wish(
    workspace: Workspace,
    meeting_id: Annotated[str | None, Depends(_meeting)],
    *,
    stage: Annotated[list[str] | None, Query(description="Only what these stages published.")] = None,
    failed: Annotated[bool, Query(description="Only what was given up.")] = False,
    since: Annotated[
        float | None, Query(ge=0, le=_MAX_SINCE, description="Begin this many seconds ago; without it, now.")
    ] = None,
    last_event_id: Annotated[str | None, Header(description="Go on after this id, as the stream gave it.")] = None,
) -> Wish:
    """Everything is checked here: once the stream has begun, no problem can be answered any more."""
    unknown = [one for one in stage or () if one not in _STAGES]
    if unknown:
        raise InvalidRequest.of(FieldError(field="stage", message=f"is none of {', '.join(_STAGES)}"))
    return Wish(
        workspace=workspace,
        start=_start(last_event_id, since),
        meeting_id=meeting_id,
        stages=frozenset(stage or ()),
        is_failed_only=failed,
    )


def _start(last_event_id: str | None, since: float | None) -> Place | None:
    if last_event_id:
        try:
            return Place.parse(last_event_id)
        except ValueError as error:
            raise InvalidRequest.of(FieldError(field="Last-Event-ID", message="is no id of this stream")) from error
    return None if since is None else Place(max(0, int((time.time() - since) * 1000)))


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"example": examples.TAIL}},
        "description": "Server-sent events: `TailedEvent` as JSON, each under the id from which to go on; "
        "`event: begin` where it begins, `event: note` where something should be known, an id alone where much was "
        "passed over, `event: end` as the last",
    }
}


@router.get("", responses={200: shown(examples.PIPELINE), **documented()})
async def read_pipeline(workspace: Workspace, gateway: TheGateway) -> Pipeline:
    """Every stage: what waits, who works, how fast, and what was given up.

    Reading disturbs nothing: no consumer group is made, nothing is claimed, and nothing is kept from being trimmed.
    """
    return await gateway.overview.read(workspace)


@router.get("/events", response_class=EventSourceResponse, responses={**_STREAM, **documented("meeting_not_found")})
async def follow_events(gateway: TheGateway, wish: Annotated[Wish, Depends(_wish)]) -> AsyncIterable[ServerSentEvent]:
    """Follow events as they happen, over all streams; a client that connects again misses nothing."""
    async for event in server_sent_events(gateway.tail, wish):
        yield event
