"""What a registry measures, in the format that the scraper asks for."""

import gzip

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted
from starlette.requests import Request
from starlette.responses import Response


def metrics_answer(registry: CollectorRegistry, request: Request) -> Response:
    """Text for Prometheus, or OpenMetrics for who accepts it."""
    encode, media_type = choose_encoder(_joined(request, "accept"))
    body, headers = encode(registry), {"Content-Type": media_type, "Vary": "Accept, Accept-Encoding"}
    if gzip_accepted(_joined(request, "accept-encoding")):
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    return Response(body, headers=headers)


def _joined(request: Request, name: str) -> str:
    return ",".join(request.headers.getlist(name))
