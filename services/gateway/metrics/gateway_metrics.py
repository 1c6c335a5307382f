"""All that one gateway shows at `/metrics`."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response

from libs.common.status.metrics import metrics_answer
from services.gateway.metrics.counts import LineCounts
from services.gateway.metrics.line import LineGauges
from services.gateway.metrics.requests import RequestMetrics


@dataclass(frozen=True)
class GatewayMetrics:
    """The instruments, on one registry."""

    registry: CollectorRegistry
    counts: LineCounts
    requests: RequestMetrics
    line: LineGauges

    async def answer(self, request: Request) -> Response:
        """Everything as it is now."""
        await self.line.refresh()
        return metrics_answer(self.registry, request)
