"""The span of one attempt at one unit, and what is said on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import Span, SpanKind, get_current_span

from libs.common.outcome import Outcome
from libs.common.runtime.held import Held
from libs.common.stage import Stage
from libs.common.streams.queue import Settled
from libs.common.subject import subject_of
from libs.common.tracing.attributes import publishing, reading, subject_attributes
from libs.common.tracing.spans import child_span, describe, fail, is_on, run_span


@contextmanager
def unit_span(stage: Stage[Any], held: Held[Any]) -> Iterator[None]:
    """An attempt, from the look for an outcome to the settlement; it links the span that published its entry."""
    if not is_on():
        yield
        return
    entry, unit = held.delivery.entry, held.unit
    attributes = {
        **reading(entry, entry_id=held.delivery.id, group=stage.name, operation=stage.name),
        **subject_attributes(subject_of(held.event)),
        "hansard.stage": stage.name,
        "hansard.part": unit.part or None,
        "hansard.attempt": held.delivery.attempts,
        "hansard.engine": stage.engine.name if stage.engine else None,
        "hansard.models": [f"{name}={model}" for name, model in stage.engine.models.items()] if stage.engine else None,
    }
    with run_span(unit.run_id, stage.name, SpanKind.CONSUMER, attributes, published_by=entry.trace):
        yield


@contextmanager
def publishing_span(outcome: Outcome) -> Iterator[Span]:
    """The settlement, which publishes all events of an outcome at once."""
    if not is_on():
        with child_span("publish") as none:
            yield none
        return
    attributes = publishing([one.stream for one in outcome.published])
    with child_span("publish", SpanKind.PRODUCER, attributes) as span:
        yield span


def tell_result(result: str, code: str | None = None) -> None:
    """What the attempt came to, as in the metrics."""
    if is_on():
        span = get_current_span()
        describe(span, {"hansard.result": result})
        if code is not None:
            fail(span, code)


def tell_outcome(outcome: Outcome, settled: Settled) -> None:
    """What the unit came to."""
    if is_on():
        warnings: Sequence[str] = [one.code for one in outcome.report.warnings]
        attributes = {"hansard.outcome": outcome.status, "hansard.settled": settled}
        describe(
            get_current_span(), attributes | {"hansard.warnings": len(warnings), "hansard.warning_codes": warnings}
        )
