"""`/api/pipeline/dead`: units that were given up, one by one or all of one code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, status

from libs.common.outcome import Unit
from services.gateway.errors import DeadLetterNotFound, InvalidRequest
from services.gateway.pages import decode_place, no_cursor
from services.gateway.pipeline.dead import LetterPlace
from services.gateway.problems import documented
from services.gateway.routes import pipeline_examples as examples
from services.gateway.routes.dependencies import Limit, TheGateway, Workspace
from services.gateway.routes.examples import shown
from services.gateway.schemas.dead import DeadLetterDetails, DeadLetterPage, DroppedLetters, RetriedLetters
from services.gateway.schemas.problems import FieldError

Code = Annotated[str | None, Query(pattern=r"^\w+$", description="Only this code.", examples=["engine_crashed"])]
Every = Annotated[bool, Query(alias="all", description="Whatever the code.")]

router = APIRouter(prefix="/api/pipeline/dead", tags=["pipeline"])


def _parsed(run_id: str, name: str) -> Unit:
    """The unit of an event: `#0` may be left out, because an address would need it escaped.

    Raises:
        ValueError: No unit is called so.
    """
    stage, _, part = name.partition("#")[0].partition(".")
    if "\0" in name:
        raise ValueError("Postgres holds no such text")
    return Unit(run_id=str(UUID(run_id)), stage=stage, part=part)


async def _unit(
    run_id: Annotated[str, Path(description="The first part of the event's name.")],
    unit: Annotated[str, Path(description="The second, `<stage>[.<part>]`.")],
) -> Unit:
    try:
        return _parsed(run_id, unit)
    except ValueError as error:
        raise DeadLetterNotFound(f"there is no dead letter {run_id}/{unit.partition('#')[0]}#0") from error


async def _after(
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> LetterPlace | None:
    if cursor is None:
        return None
    try:
        at, name = decode_place(cursor)
        run_id, _, unit = name.partition("/")
        return LetterPlace(at, _parsed(run_id, unit))
    except ValueError as error:
        raise no_cursor() from error


async def _which(code: Code = None, every: Every = False) -> str | None:
    """The code whose letters are meant; `None` for all, which has to be said."""
    if (code is None) != every:
        raise InvalidRequest.of(FieldError(field="code", message="name one, or say all=true"))
    return code


TheUnit = Annotated[Unit, Depends(_unit)]
Which = Annotated[str | None, Depends(_which)]
DryRun = Annotated[bool, Query(description="Only say which.")]


@router.get("", responses={200: shown(examples.DEAD_LETTER_PAGE), **documented()})
async def list_dead_letters(
    workspace: Workspace,
    gateway: TheGateway,
    after: Annotated[LetterPlace | None, Depends(_after)],
    code: Code = None,
    limit: Limit = 50,
) -> DeadLetterPage:
    """What was given up and still waits for somebody to look at it, newest first.

    Also units that fell back: a chunk that became a gap, voices that could not be told apart. Not what was cancelled,
    nor what a later run of the same recording has completed since.
    """
    return await gateway.dead_letters.page(workspace, code=code, after=after, limit=limit)


@router.get(
    "/{run_id}/{unit}",
    responses={200: shown(examples.DEAD_LETTER_DETAILS), **documented("dead_letter_not_found", "storage_unavailable")},
)
async def read_dead_letter(workspace: Workspace, gateway: TheGateway, unit: TheUnit) -> DeadLetterDetails:
    """One of them, with the outcome of its unit: input, report, and what was published instead."""
    return await gateway.dead_letters.show(workspace, unit)


@router.post("/drop", responses={200: shown(examples.DROPPED_LETTERS), **documented()})
async def drop_dead_letters(
    workspace: Workspace, gateway: TheGateway, code: Which, dry_run: DryRun = False
) -> DroppedLetters:
    """Take all of a code off the list; nothing else changes."""
    return await gateway.dead_letters.drop_all(workspace, code, is_dry_run=dry_run)


@router.post(
    "/retry", status_code=status.HTTP_202_ACCEPTED, responses={202: shown(examples.RETRIED_LETTERS), **documented()}
)
async def retry_dead_letters(
    workspace: Workspace, gateway: TheGateway, code: Which, dry_run: DryRun = False
) -> RetriedLetters:
    """Do all of a code again, each in a new run that takes over everything else.

    What cannot be retried now stays on the list, with the reason in `error`.
    """
    return await gateway.retries.retry_all(workspace, code, is_dry_run=dry_run)


@router.post(
    "/{run_id}/{unit}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    responses={
        202: shown(examples.RETRIED_LETTERS),
        **documented(
            "dead_letter_not_found", "run_in_progress", "nothing_given_up", "backlog_full", "storage_unavailable"
        ),
    },
)
async def retry_dead_letter(workspace: Workspace, gateway: TheGateway, unit: TheUnit) -> RetriedLetters:
    """Do one again, with everything else that its run had given up; a repeat is answered with the same run."""
    return await gateway.retries.retry(workspace, unit)


@router.post(
    "/{run_id}/{unit}/drop", responses={200: shown(examples.DROPPED_LETTERS), **documented("dead_letter_not_found")}
)
async def drop_dead_letter(workspace: Workspace, gateway: TheGateway, unit: TheUnit) -> DroppedLetters:
    """Take one off the list; nothing else changes."""
    return await gateway.dead_letters.drop(workspace, unit)
