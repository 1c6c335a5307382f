"""What a gateway counts as it happens. Everything here is summed over replicas: each counts what it did itself."""

import time
from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry

from libs.common.events import Event, MeetingEvent, StageFailed
from libs.common.line import LINE
from libs.common.metrics.metric import CounterMetric, HistogramMetric, Metric

Subject = Literal["meeting", "sample"]

ACCEPTED = CounterMetric(
    name="hansard_meetings_accepted_total", text="Meetings that the API took responsibility for, each once."
)
RUNS_ENDED = CounterMetric(
    name="hansard_runs_ended_total",
    text="Runs that came to their end, each once: completed, failed, or cancelled by a client. A meeting's first"
    " passage is a run, and so is each replay.",
    labels=("subject", "status"),
)
REPUBLISHED = CounterMetric(
    name="hansard_republished_units_total",
    text="Inputs that the reconciler had to add to a stream again. Above zero, something is losing.",
    labels=("stage",),
)
PROJECTION_LAG = HistogramMetric(
    name="hansard_projection_lag_seconds",
    text="Seconds from an event's entry id, by Redis's clock, to its row in Postgres.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 300, 1800),
)
REFUSED = CounterMetric(
    name="hansard_refused_requests_total",
    text="Requests that were answered 429, by the stage before which too much waited.",
    labels=("stage",),
)

METRICS: tuple[Metric, ...] = (ACCEPTED, RUNS_ENDED, REPUBLISHED, PROJECTION_LAG, REFUSED)


class LineCounts:
    """The instruments of one gateway's work on the line; series begin at 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accepted = ACCEPTED.on(registry)
        self._runs_ended = RUNS_ENDED.on(registry)
        self._republished = REPUBLISHED.on(registry)
        self._projection_lag = PROJECTION_LAG.on(registry)
        self._refused = REFUSED.on(registry)
        for status in ("completed", "failed", "cancelled"):
            self._runs_ended.labels("meeting", status)
        for position in LINE:
            self._republished.labels(position.stage)
            self._refused.labels(position.stage)

    def accepted_meeting(self) -> None:
        """A meeting is in Postgres."""
        self._accepted.inc()

    def ended_run(self, subject: Subject, status: str) -> None:
        """A run has ended in Postgres."""
        self._runs_ended.labels(subject, status).inc()

    def recorded(self, event: Event, entry_id: str, *, ended_as: str | None) -> None:
        """An event has become a row, and its run may have ended with it."""
        self._projection_lag.observe(max(0.0, time.time() - int(entry_id.partition("-")[0]) / 1000))
        if ended_as is not None:
            self.ended_run(_subject(event), ended_as)

    def republished(self, inputs: Mapping[str, int]) -> None:
        """So many inputs of each stage were put back."""
        for stage, count in inputs.items():
            self._republished.labels(stage).inc(count)

    def refused(self, stage: str) -> None:
        """A request was refused, because the line was full before this stage."""
        self._refused.labels(stage).inc()


def _subject(event: Event) -> Subject:
    is_meeting = event.meeting_id is not None if isinstance(event, StageFailed) else isinstance(event, MeetingEvent)
    return "meeting" if is_meeting else "sample"
