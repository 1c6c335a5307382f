"""`/api/meetings/{meeting_id}/results`: the transcript and the minutes, as JSON and as files."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response, status

from libs.common.rttm import write_rttm
from services.gateway.gateway import Gateway
from services.gateway.problems import documented
from services.gateway.routes import examples
from services.gateway.routes.dependencies import MeetingId, RunId, TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.runs.exports import MEDIA_TYPES, TEXT_FORMATS, export
from services.gateway.runs.facts import Run
from services.gateway.schemas.results import Results

Format = Literal["json", "txt", "md", "srt", "vtt", "rttm"]


def _contents() -> dict[str, Any]:
    """OpenAPI content of each format, with an example."""
    contents: dict[str, Any] = shown(examples.RESULTS)["content"]
    files = {name: export(examples.RESULTS, name) for name in TEXT_FORMATS} | {"rttm": examples.RTTM}
    for name, text in files.items():
        content = contents.setdefault(MEDIA_TYPES[name].partition(";")[0], {"schema": {"type": "string"}})
        content.setdefault("examples", {})[name] = {"value": text}
    return contents


router = APIRouter(prefix="/api/meetings", tags=["meetings"])


@router.get(
    "/{meeting_id}/results",
    response_model=Results,
    responses={
        200: {"content": _contents(), "description": "The results, in the format that was asked for"},
        304: {"description": "They are those that `If-None-Match` names"},
        **documented(
            "meeting_not_found",
            "run_not_found",
            "results_not_ready",
            "meeting_failed",
            "meeting_cancelled",
            "storage_unavailable",
        ),
    },
)
async def read_results(
    workspace: Workspace,
    gateway: TheGateway,
    meeting_id: MeetingId,
    run_id: RunId,
    *,
    chosen: Annotated[Format, Query(alias="format")] = "json",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Who said what, and the minutes: from the moment that the transcript is there; minutes follow.

    `rttm` gives the turns as the diarizer found them.
    """
    run = await gateway.results.run(workspace, meeting_id, run_id)
    if _is_known(_etag(run, chosen), if_none_match):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": _etag(run, chosen)})
    run, content = await _content(gateway, workspace, run, chosen)
    return Response(
        content,
        media_type=MEDIA_TYPES.get(chosen, "application/json"),
        headers={"ETag": _etag(run, chosen), "Cache-Control": "private, no-cache"},
    )


async def _content(gateway: Gateway, workspace: str, run: Run, chosen: Format) -> tuple[Run, str]:
    current, content = await gateway.results.json(workspace, run)
    if chosen == "json":
        return current, content
    results = Results.model_validate_json(content)
    if chosen != "rttm":
        return current, export(results, chosen)
    names = {one.label: one.name for one in results.speakers if one.name is not None}
    turns = (await gateway.results.diarization(current)).turns
    named = (turn.model_copy(update={"label": names.get(turn.label, turn.label)}) for turn in turns)
    return current, write_rttm(named, recording=results.meeting_id)


def _etag(run: Run, chosen: Format) -> str:
    return f'"{run.id}-{run.version}-{chosen}"'


def _is_known(etag: str, if_none_match: str | None) -> bool:
    return etag in [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
