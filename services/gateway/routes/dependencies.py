"""What routes ask for. All of it is asynchronous, because FastAPI runs the rest in threads."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request

from services.gateway.auth import workspace
from services.gateway.errors import MeetingNotFound, RunNotFound, SpeakerNotFound
from services.gateway.gateway import Gateway
from services.gateway.intake.idempotency import IDEMPOTENCY_HEADER
from services.gateway.pages import Cursor


def named_run(run: str) -> UUID:
    """The id of a run as a client wrote it.

    Raises:
        RunNotFound: It is none.
    """
    try:
        return UUID(run)
    except ValueError as error:
        raise RunNotFound(f"there is no run {run}") from error


async def _gateway(request: Request) -> Gateway:
    return cast(Gateway, request.app.state.gateway)


async def _meeting_id(meeting_id: Annotated[str, Path(description="As the acceptance answered it.")]) -> UUID:
    try:
        return UUID(meeting_id)
    except ValueError as error:
        raise MeetingNotFound(f"there is no meeting {meeting_id}") from error


async def _run_id(
    run: Annotated[str | None, Query(description="One run of the meeting; otherwise the one that it shows.")] = None,
) -> UUID | None:
    return named_run(run) if run else None


async def _speaker_id(speaker_id: Annotated[str, Path(description="As the enrolment answered it.")]) -> UUID:
    try:
        return UUID(speaker_id)
    except ValueError as error:
        raise SpeakerNotFound(f"there is no speaker {speaker_id}") from error


async def _cursor(
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> Cursor | None:
    return Cursor.parse(cursor) if cursor else None


TheGateway = Annotated[Gateway, Depends(_gateway)]
Workspace = Annotated[str, Depends(workspace)]
MeetingId = Annotated[UUID, Depends(_meeting_id)]
RunId = Annotated[UUID | None, Depends(_run_id)]
SpeakerId = Annotated[UUID, Depends(_speaker_id)]
After = Annotated[Cursor | None, Depends(_cursor)]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=IDEMPOTENCY_HEADER,
        description="Any text of up to 255 characters. The same request under the same key takes effect once, "
        "and a repeat is answered with the first ids and the header `Idempotency-Replayed: true`.",
    ),
]
