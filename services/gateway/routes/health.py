"""`/health` for people and monitors, `/ready` for whoever routes requests here."""

import asyncio
from functools import partial

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import RedirectResponse

from libs.common.errors import PipelineError
from libs.common.status.dependencies import PATIENCE
from services.gateway.gateway import Gateway
from services.gateway.keys.door import let_in
from services.gateway.routes import examples
from services.gateway.routes.dependencies import TheGateway
from services.gateway.routes.examples import shown
from services.gateway.schemas.health import Health, Readiness

router = APIRouter(tags=["health"])


@router.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """To the documentation."""
    return RedirectResponse("/docs")


@router.get(
    "/health",
    responses={
        200: shown(examples.HEALTH),
        503: {
            **shown(examples.HEALTH_FAILING),
            "model": Health,
            "description": "A dependency is down, or work stands still in a stage",
        },
    },
)
async def read_health(request: Request, response: Response, gateway: TheGateway) -> Health:
    """Every dependency with its latency, every stage with its workers and the work before it.

    A stage without workers is listed under `problems` at once, and answered with 503 when work waits for it. A stage
    is answered with 503, too, when one of its workers lives and does not move, or leaves work unread. What a server
    that is down says is shown to who sends an API key, where one is asked for.
    """
    health = await gateway.health.health(partial(_is_let_in, request, gateway))
    response.status_code = _status_code(is_ok=not health.is_failing)
    return health


@router.get(
    "/ready",
    responses={
        200: shown(examples.READINESS),
        503: {**shown(examples.READINESS_FAILING), "model": Readiness, "description": "A dependency is down"},
    },
)
async def read_readiness(request: Request, response: Response, gateway: TheGateway) -> Readiness:
    """Whether this gateway has what it needs itself."""
    readiness = await gateway.health.readiness(partial(_is_let_in, request, gateway))
    response.status_code = _status_code(is_ok=readiness.status == "ok")
    return readiness


async def _is_let_in(request: Request, gateway: Gateway) -> bool:
    """While Postgres is down, only who has shown a key in the last seconds."""
    try:
        async with asyncio.timeout(PATIENCE):
            await let_in(request.headers, gateway.callers)
    except (PipelineError, TimeoutError):
        return False
    return True


def _status_code(*, is_ok: bool) -> int:
    return status.HTTP_200_OK if is_ok else status.HTTP_503_SERVICE_UNAVAILABLE
