"""Which trace a run has: it follows from the run's id, so that it needs no carrier that could be lost."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace import get_current_span as current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_HEADER = "traceparent"
_PROPAGATOR = TraceContextTextMapPropagator()


@lru_cache(maxsize=1024)
def root_of(run_id: str) -> SpanContext:
    """The root span of a run, whether or not it has been exported yet."""
    digest = hashlib.sha256(run_id.encode()).digest()
    trace_id, span_id = int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def below_root(run_id: str) -> Context:
    """The context of what belongs to a run."""
    return set_span_in_context(NonRecordingSpan(root_of(run_id)), Context())


def traceparent(span: Span) -> str:
    """As W3C Trace Context writes a span; empty for none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, set_span_in_context(span, Context()))
    return carrier.get(_HEADER, "")


def links_to(*traceparents: str) -> tuple[Link, ...]:
    """Links to the spans that are named; what is empty or wrong names none."""
    return links(_PROPAGATOR.extract({_HEADER: one}, Context()) for one in traceparents if one)


def links(contexts: Iterable[Context]) -> tuple[Link, ...]:
    """Links to the current spans of contexts."""
    found = (current_span(one).get_span_context() for one in contexts)
    return tuple(Link(one) for one in found if one.is_valid)
