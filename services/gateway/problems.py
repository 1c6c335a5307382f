"""Turns every error, whoever raised it, into `application/problem+json`."""

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from libs.common.errors import PipelineError
from services.gateway.errors import KINDS, ApiError, InvalidRequest, Kind
from services.gateway.request_ids import REQUEST_ID_HEADER, request_id
from services.gateway.schemas.forms import readable
from services.gateway.schemas.problems import FieldError, Problem

MEDIA_TYPE = "application/problem+json"

_RETRY_AFTER_OUTAGE = 5
_EVERYWHERE = ("unauthorized", "invalid_request", "internal_error", "database_unavailable", "gateway_stopping")
_CODES_BY_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}

_log = structlog.get_logger(__name__)


def handle_errors(app: FastAPI) -> None:
    """Answer every error of this app with a problem."""
    app.add_exception_handler(PipelineError, answer_problem)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` for these codes, and for those that every route can answer with."""
    by_status: dict[int | str, list[str]] = {}
    for code in dict.fromkeys((*codes, *_EVERYWHERE)):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {status: _documented(codes) for status, codes in by_status.items()}


def _documented(codes: Sequence[str]) -> dict[str, Any]:
    examples = {code: {"value": _example(code).model_dump(mode="json", exclude_none=True)} for code in codes}
    return {
        "description": "; ".join(f"`{code}`: {KINDS[code].title.lower()}" for code in codes),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }


def _example(code: str) -> Problem:
    fault = InvalidRequest.of(FieldError(field="limit", message="Input should be greater than or equal to 1"))
    return Problem(
        type=f"urn:hansard:problem:{code}",
        title=KINDS[code].title,
        status=KINDS[code].status,
        code=code,
        detail=fault.message if code == fault.code else KINDS[code].title,
        instance="/api/…",
        request_id="5f0c…",
        errors=fault.errors if code == fault.code else (),
    )


async def answer_problem(request: Request, error: Exception) -> Response:
    """The answer to an error of the pipeline; one that clients are not told of is an internal error."""
    assert isinstance(error, PipelineError)
    if error.code not in KINDS:
        return await _unexpected_error(request, error)
    kind = KINDS[error.code]
    headers = dict(error.headers) if isinstance(error, ApiError) else {}
    retry_after = error.retry_after if isinstance(error, ApiError) else None
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("dependency unavailable", code=error.code, error=error.message)
        retry_after = _RETRY_AFTER_OUTAGE
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return _answer(request, error.code, kind, error.message, error=error, headers=headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        FieldError(field=".".join(map(str, one["loc"][1:])) or str(one["loc"][0]), message=readable(one["msg"]))
        for one in error.errors()
    ]
    return await answer_problem(request, InvalidRequest.of(*faults))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = _CODES_BY_STATUS.get(status, status.name.lower())
    kind = KINDS.get(code, Kind(status, status.phrase))
    return _answer(request, code, kind, str(error.detail), headers=error.headers)


async def _unexpected_error(request: Request, error: Exception) -> Response:
    error_id = secrets.token_hex(8)
    _log.error("unexpected error", error_id=error_id, request_id=request_id(request.scope), exc_info=error)
    detail = f"the log has the details under error_id {error_id}"
    return _answer(request, "internal_error", KINDS["internal_error"], detail, error_id=error_id)


def _answer(
    request: Request,
    code: str,
    kind: Kind,
    detail: str,
    *,
    error: PipelineError | None = None,
    error_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    more = error if isinstance(error, ApiError) else None
    problem = Problem(
        type=f"urn:hansard:problem:{code}",
        title=kind.title,
        status=kind.status,
        code=code,
        detail=detail,
        instance=request.url.path,
        request_id=request_id(request.scope),
        errors=more.errors if more else (),
        meeting_status=more.meeting_status if more else None,
        error=more.error if more else None,
        backlog=more.backlog if more else None,
        error_id=error_id,
    )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status_code=kind.status,
        headers={**(headers or {}), REQUEST_ID_HEADER: problem.request_id},
        media_type=MEDIA_TYPE,
    )
