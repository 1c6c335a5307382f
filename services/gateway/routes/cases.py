"""`/api/meetings/{meeting_id}/export` and `/api/runs/{run}/export`: events and artifacts as one file."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from services.gateway.gateway import Gateway
from services.gateway.problems import documented
from services.gateway.routes.dependencies import MeetingId, TheGateway, Workspace, named_run
from services.gateway.runs.cases import CaseContents, CaseWish
from services.gateway.runs.packing import pack

_MEDIA_TYPE = "application/zip"
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}},
        "description": "A zip: `manifest.json`, `events.jsonl`, and `objects/` laid out like the object store",
    }
}


async def _wish(
    voices: Annotated[
        bool, Query(description="With the voiceprints of everybody who is enrolled; `match` needs them.")
    ] = False,
    recording: Annotated[bool, Query(description="With the recording, as it came and normalized.")] = True,
) -> CaseWish:
    return CaseWish(voices=voices, recording=recording)


async def _only_run(run: Annotated[str | None, Query(description="Only this run.")] = None) -> UUID | None:
    return named_run(run) if run else None


Wish = Annotated[CaseWish, Depends(_wish)]

router = APIRouter(prefix="/api", tags=["replay"])


@router.get(
    "/meetings/{meeting_id}/export",
    response_class=StreamingResponse,
    responses={**_ANSWER, **documented("meeting_not_found", "run_not_found", "storage_unavailable")},
)
async def export_meeting(
    workspace: Workspace,
    gateway: TheGateway,
    wish: Wish,
    meeting_id: MeetingId,
    run: Annotated[UUID | None, Depends(_only_run)],
) -> StreamingResponse:
    """Everything that was recorded of a meeting, in one file that `hansard replay --local` works from anywhere.

    A meeting in progress exports what there is. Objects that were erased are listed in the manifest.
    """
    contents = await gateway.cases.of_meeting(workspace, meeting_id, run, wish)
    return _file(gateway, contents, f"hansard-{meeting_id}.zip")


@router.get(
    "/runs/{run}/export",
    response_class=StreamingResponse,
    responses={**_ANSWER, **documented("run_not_found", "event_not_found", "storage_unavailable")},
)
async def export_run(
    workspace: Workspace,
    gateway: TheGateway,
    wish: Wish,
    run: Annotated[str, Path(description="Id of a run of a meeting or sample, or the beginning of one.")],
    event: Annotated[
        str | None, Query(description="Only what the stage needs that consumes this event: `diarize#0`.")
    ] = None,
) -> StreamingResponse:
    """Everything that was recorded of one run, or just what one unit of work needs."""
    contents = await gateway.cases.of_run(workspace, run, event, wish)
    return _file(gateway, contents, f"hansard-{contents.manifest.runs[0].run_id}.zip")


def _file(gateway: Gateway, contents: CaseContents, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(pack(contents, gateway.store), media_type=_MEDIA_TYPE, headers=headers)
