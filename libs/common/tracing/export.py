"""Sends spans to an OTLP receiver, beside the work: a receiver that is down or slow loses spans and delays nothing."""

import logging
import time
import uuid

import structlog
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from libs.common.release import RELEASE
from libs.common.settings import ServiceSettings
from libs.common.tracing.receiver import TRACES, base_address, headers_of
from libs.common.tracing.span_ids import FixableIds

_EXPORT_TIMEOUT = 5.0
_SEND_PERIOD = 1.0
_WAITING_SPANS = 4096
_SPANS_AT_ONCE = 512
_COMPLAINT_PERIOD = 60.0

_log = structlog.get_logger(__name__)


def open_provider(service: str, settings: ServiceSettings) -> TracerProvider:
    """The SDK, told what it would look for in the environment."""
    secret = settings.otel_exporter_otlp_headers
    exporter = OTLPSpanExporter(
        endpoint=base_address(settings.otel_exporter_otlp_endpoint or "") + TRACES,
        headers=dict(headers_of(secret.get_secret_value() if secret is not None else "")),
        timeout=_EXPORT_TIMEOUT,
        compression=Compression.Gzip,
    )
    names = {"service.namespace": "hansard", "service.name": service, "service.version": RELEASE}
    provider = TracerProvider(
        # By the trace id alone, so that all services decide alike about a run, whoever asked for it.
        sampler=TraceIdRatioBased(settings.otel_traces_sampler_arg),
        resource=Resource({**names, "service.instance.id": str(uuid.uuid4())}),
        id_generator=FixableIds(),
        shutdown_on_exit=False,
    )
    _listen()
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=_WAITING_SPANS,
            schedule_delay_millis=_SEND_PERIOD * 1000,
            max_export_batch_size=_SPANS_AT_ONCE,
        )
    )
    return provider


class _Complaints(logging.Handler):
    """What the SDK complains about, as one line a minute at most."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next = 0.0
        self._unsaid = 0

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() < self._next:
            self._unsaid += 1
            return
        self._next = time.monotonic() + _COMPLAINT_PERIOD
        _log.warning("spans get lost", reason=record.getMessage(), complaints_unsaid=self._unsaid)
        self._unsaid = 0


def _listen() -> None:
    logger = logging.getLogger("opentelemetry")
    logger.handlers, logger.propagate = [_Complaints()], False
