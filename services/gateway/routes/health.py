"""`/health` for people and monitors, `/ready` for whoever routes requests here."""

from fastapi import APIRouter, Response, status
from fastapi.responses import RedirectResponse

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
async def read_health(response: Response, gateway: TheGateway) -> Health:
    """Every dependency with its latency, every stage with its workers and the work before it.

    A stage without workers is listed under `problems` at once, and answered with 503 when work waits for it. A stage
    is answered with 503, too, when one of its workers lives and does not move, or leaves work unread.
    """
    health = await gateway.health.health()
    response.status_code = _status_code(is_ok=not health.is_failing)
    return health


@router.get(
    "/ready",
    responses={
        200: shown(examples.READINESS),
        503: {**shown(examples.READINESS_FAILING), "model": Readiness, "description": "A dependency is down"},
    },
)
async def read_readiness(response: Response, gateway: TheGateway) -> Readiness:
    """Whether this gateway has what it needs itself."""
    readiness = await gateway.health.readiness()
    response.status_code = _status_code(is_ok=readiness.status == "ok")
    return readiness


def _status_code(*, is_ok: bool) -> int:
    return status.HTTP_200_OK if is_ok else status.HTTP_503_SERVICE_UNAVAILABLE
