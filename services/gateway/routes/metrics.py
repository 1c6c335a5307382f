"""`/metrics` for Prometheus, which needs a key like everybody else."""

from fastapi import APIRouter, Request, Response

from services.gateway.routes.dependencies import TheGateway

router = APIRouter()


@router.get("/metrics", include_in_schema=False)
async def read_metrics(request: Request, gateway: TheGateway) -> Response:
    """What this gateway counts, and the line as Redis and Postgres have it."""
    return await gateway.metrics.answer(request)
