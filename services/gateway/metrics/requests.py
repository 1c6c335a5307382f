"""Counts requests by method, route and status. It touches neither the request's nor the response's body."""

import time

from prometheus_client import CollectorRegistry
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common.metrics.metric import CounterMetric, GaugeMetric, HistogramMetric, Metric

REQUESTS = CounterMetric(
    name="hansard_http_requests_total",
    text="Requests answered, by route template and status class; `aborted` where the client went before an answer.",
    labels=("method", "route", "status"),
)
SECONDS = HistogramMetric(
    name="hansard_http_request_seconds",
    text="Seconds from a request's headers to those of its answer; an upload is read in between.",
    labels=("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
RECEIVED = CounterMetric(
    name="hansard_http_received_bytes_total", text="Bytes of request bodies that were read.", labels=("method", "route")
)
UPLOADS = GaugeMetric(name="hansard_http_uploads_in_progress", text="Requests with files that are under way now.")

METRICS: tuple[Metric, ...] = (REQUESTS, SECONDS, RECEIVED, UPLOADS)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "none"


class RequestMetrics:
    """The instruments of one gateway's API."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = REQUESTS.on(registry)
        self.seconds = SECONDS.on(registry)
        self.received = RECEIVED.on(registry)
        self.uploads = UPLOADS.on(registry)


class RequestCounts:
    """ASGI middleware, outside of all others: a refusal at the door counts as well."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Counted(receive, send)
        is_upload = Headers(scope=scope).get("Content-Type", "").startswith("multipart/")
        self._metrics.uploads.inc(is_upload)
        try:
            await self._app(scope, request.receive, request.send)
        finally:
            self._metrics.uploads.dec(is_upload)
            self._count(scope, request)

    def _count(self, scope: Scope, request: "_Counted") -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", _NO_ROUTE)  # the template: addresses have no end
        self._metrics.requests.labels(method, route, request.status).inc()
        if request.seconds is not None:
            self._metrics.seconds.labels(method, route).observe(request.seconds)
        if request.received_bytes:
            self._metrics.received.labels(method, route).inc(request.received_bytes)


class _Counted:
    """Passes a request and its answer on, and remembers what is counted of them."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._began = time.monotonic()
        self._is_aborted = False
        self._status: int | None = None
        self.received_bytes = 0
        self.seconds: float | None = None

    @property
    def status(self) -> str:
        """Class of the answer; what raises past all handlers is answered with 500 outside."""
        if self._status is not None:
            return f"{self._status // 100}xx"
        return "aborted" if self._is_aborted else "5xx"

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.received_bytes += len(message.get("body", b""))
        else:
            self._is_aborted = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self.seconds = time.monotonic() - self._began
        await self._send(message)
