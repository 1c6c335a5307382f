"""Spans of a run. Without a tracer they are none, and cost no more than the question whether there is one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
    get_current_span,
    use_span,
)

from libs.common.errors import PipelineError
from libs.common.tracing.run_trace import below_root, links_to, root_of, traceparent

named: ContextVar[SpanContext | None] = ContextVar("named", default=None)
"""The ids of the span that is made next, where they are known already."""

Attributes = Mapping[str, str | int | float | bool | Sequence[str] | None]
"""Ids, names of stages and models, counts and codes: never what somebody said, wrote or is called."""


class _Tracing:
    """The tracer of this process."""

    tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Make spans with this tracer from now on, or none."""
    _Tracing.tracer = tracer


def is_on() -> bool:
    """Whether anybody traces; what only spans need is worked out only then."""
    return _Tracing.tracer is not None


@contextmanager
def run_span(
    run_id: str, name: str, kind: SpanKind, attributes: Attributes | None = None, *, published_by: str = ""
) -> Iterator[Span]:
    """A span right below the root of a run; `published_by`: the `traceparent` that the entry in hand brought."""
    if _Tracing.tracer is None:
        yield INVALID_SPAN
        return
    given, links = _given(attributes or {}), links_to(published_by)
    with _current(_Tracing.tracer.start_span(name, below_root(run_id), kind, given, links)) as span:
        yield span


@contextmanager
def child_span(name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None) -> Iterator[Span]:
    """A span below the current one; none where no run is being worked."""
    if _Tracing.tracer is None or not get_current_span().is_recording():
        yield INVALID_SPAN
        return
    with _current(_Tracing.tracer.start_span(name, kind=kind, attributes=_given(attributes or {}))) as span:
        yield span


def tentative_span(run_id: str, name: str, kind: SpanKind) -> Span:
    """A span right below the root of a run, which nobody hears of unless it is ended: something may not happen."""
    return _Tracing.tracer.start_span(name, below_root(run_id), kind) if _Tracing.tracer else INVALID_SPAN


def past_span(
    run_id: str,
    name: str,
    kind: SpanKind,
    attributes: Attributes,
    times: tuple[float, float],
    *,
    links: Sequence[Link] = (),
    error: str | None = None,
) -> None:
    """A span right below the root of a run, of something that is over.

    `times`: its begin and end, seconds since the epoch. `error`: the code of its failure.
    """
    if _Tracing.tracer is not None:
        begin, given = _nanoseconds(times[0]), _given(attributes)
        _end(
            _Tracing.tracer.start_span(name, below_root(run_id), kind, given, links, start_time=begin), times[1], error
        )


def root_span(
    run_id: str,
    name: str,
    attributes: Attributes,
    times: tuple[float, float],
    *,
    links: Sequence[Link] = (),
    error: str | None = None,
) -> None:
    """The root span of a run that has ended; `times` and `error` as in `past_span`."""
    if _Tracing.tracer is None:
        return
    token = named.set(root_of(run_id))
    try:
        begin, given = _nanoseconds(times[0]), _given(attributes)
        span = _Tracing.tracer.start_span(name, Context(), attributes=given, links=links, start_time=begin)
    finally:
        named.reset(token)
    _end(span, times[1], error)


def describe(span: Span, attributes: Attributes) -> None:
    """Add attributes; `None` stands for one that there is not."""
    span.set_attributes(_given(attributes))


def fail(span: Span, code: str) -> None:
    """Mark a span as failed; errors go by their codes, since their texts may quote somebody."""
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR, code))


def trace_ids() -> dict[str, str]:
    """By which a line of the log finds the span in which it was written."""
    if _Tracing.tracer is None or not (context := get_current_span().get_span_context()).is_valid:
        return {}
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


def trace_of(span: Span) -> str:
    """What an entry that this span publishes carries."""
    return traceparent(span) if span.get_span_context().is_valid else ""


@contextmanager
def _current(span: Span) -> Iterator[Span]:
    """Neither records an exception nor takes its text for the status: it may quote somebody."""
    with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except BaseException as error:
            fail(span, error.code if isinstance(error, PipelineError) else type(error).__name__)
            raise


def _end(span: Span, end: float, error: str | None) -> None:
    if error is not None:
        fail(span, error)
    span.end(_nanoseconds(end))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _given(attributes: Attributes) -> dict[str, str | int | float | bool | Sequence[str]]:
    return {name: value for name, value in attributes.items() if value is not None}
