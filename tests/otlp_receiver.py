"""A receiver of traces for tests: it reads what a collector would be sent, or behaves as a bad one does."""

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from tests.http_servers import serving

Value = str | int | float | bool | list[str]


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as it came; ids are hexadecimal, times seconds since the epoch."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    begin: float
    end: float
    links: tuple[tuple[str, str], ...]
    """Trace and span ids."""

    attributes: Mapping[str, Value]
    is_error: bool
    has_events: bool

    @property
    def stage(self) -> str | None:
        """The stage whose unit was worked, if this is an attempt at one."""
        return str(self.attributes["hansard.stage"]) if "hansard.stage" in self.attributes else None


@dataclass
class Receiver:
    """What has been received."""

    port: int = 0
    spans: list[ReceivedSpan] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    status: int = 200
    released: threading.Event = field(default_factory=threading.Event)
    """While it is not set, no request is answered."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of_run(self, run_id: str) -> list[ReceivedSpan]:
        """The spans that say they belong to a run, and those below them."""
        traces = {one.trace_id for one in self.spans if one.attributes.get("hansard.run_id") == run_id}
        return [one for one in self.spans if one.trace_id in traces]

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = str(_values(resource.resource.attributes)["service.name"])
            for scope in resource.scope_spans:
                self.spans += [_received(service, one) for one in scope.spans]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that answers until the block ends."""
    receiver = Receiver()
    receiver.released.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.released.wait()
            if receiver.status == 200 and self.path == "/v1/traces":
                receiver.take(gzip.decompress(body))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    try:
        with serving(server):
            yield receiver
            receiver.released.set()
    finally:
        receiver.released.set()
        server.server_close()


def _received(service: str, span: ProtoSpan) -> ReceivedSpan:
    return ReceivedSpan(
        service=service,
        name=span.name,
        kind=ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        begin=span.start_time_unix_nano / 1e9,
        end=span.end_time_unix_nano / 1e9,
        links=tuple((one.trace_id.hex(), one.span_id.hex()) for one in span.links),
        attributes=_values(span.attributes),
        is_error=span.status.code == 2,
        has_events=bool(span.events),
    )


def _values(pairs: "list[KeyValue]") -> dict[str, Value]:
    return {one.key: _value(one.value) for one in pairs}


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [str(_value(one)) for one in value.array_value.values]
    found: Value = getattr(value, kind or "string_value")
    return found
