"""What a worker counts about its stages. Everything here is summed over replicas."""

import time
from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry

from libs.common.metrics.metric import CounterMetric, GaugeMetric, HistogramMetric, Metric

Result = Literal["finished", "failed", "postponed", "nothing_yet", "interrupted"]
Conflict = Literal["outcome", "marker"]

PROCESSING = HistogramMetric(
    name="hansard_stage_processing_seconds",
    text="Seconds that attempts took which finished or failed, from the call of the handler to its end.",
    labels=("stage", "engine"),
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400),
)
REAL_TIME_FACTOR = HistogramMetric(
    name="hansard_stage_real_time_factor_ratio",
    text="Processing seconds per second of audio, of attempts that finished, where a stage works through audio.",
    labels=("stage", "engine"),
    buckets=(0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20),
)
AUDIO = CounterMetric(
    name="hansard_stage_audio_seconds_total",
    text="Seconds of audio that finished attempts worked through.",
    labels=("stage", "engine"),
)
QUEUE_WAIT = HistogramMetric(
    name="hansard_stage_queue_wait_seconds",
    text="Seconds from an entry's id, by Redis's clock, to the beginning of its first attempt; not of takeovers.",
    labels=("stage",),
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600),
)
IN_HAND = GaugeMetric(
    name="hansard_stage_in_hand_units", text="Units that workers have in hand, by stage.", labels=("stage",)
)
SLOTS = GaugeMetric(
    name="hansard_stage_slots", text="Units that workers can have in hand at the same time.", labels=("stage",)
)
ATTEMPTS = CounterMetric(
    name="hansard_stage_attempts_total",
    text="Attempts by result: finished, failed, postponed, nothing_yet (a fan-in that misses parts), interrupted."
    " `code` is the error's, or why it was interrupted: lost, cancelled, stopping, overdue.",
    labels=("stage", "engine", "result", "code"),
)
TAKEOVERS = CounterMetric(
    name="hansard_stage_takeovers_total",
    text="Deliveries taken over because the worker that held them let their lease expire.",
    labels=("stage",),
)
CONFLICTS = CounterMetric(
    name="hansard_stage_settle_conflicts_total",
    text="Units that somebody else had settled: `outcome` (another outcome was there first) or `marker` (their events"
    " were published already).",
    labels=("stage", "kind"),
)
OUTCOMES_FOUND = CounterMetric(
    name="hansard_stage_outcomes_found_total",
    text="Deliveries whose outcome was there before any work, which was published without an attempt.",
    labels=("stage",),
)
DEAD_LETTERS = CounterMetric(
    name="hansard_stage_dead_letters_total",
    text="Units that were given up, each once. `outcome` is failed, or fallback where the stage gave something else.",
    labels=("stage", "code", "outcome"),
)
DISCARDED = CounterMetric(
    name="hansard_stage_discarded_entries_total",
    text="Entries of a stream that nobody could read.",
    labels=("stage",),
)

METRICS: tuple[Metric, ...] = (
    PROCESSING,
    REAL_TIME_FACTOR,
    AUDIO,
    QUEUE_WAIT,
    IN_HAND,
    SLOTS,
    ATTEMPTS,
    TAKEOVERS,
    CONFLICTS,
    OUTCOMES_FOUND,
    DEAD_LETTERS,
    DISCARDED,
)

NO_ENGINE = "none"


class WorkerMetrics:
    """The instruments of all stages of one worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.processing = PROCESSING.on(registry)
        self.real_time_factor = REAL_TIME_FACTOR.on(registry)
        self.audio = AUDIO.on(registry)
        self.queue_wait = QUEUE_WAIT.on(registry)
        self.in_hand = IN_HAND.on(registry)
        self.slots = SLOTS.on(registry)
        self.attempts = ATTEMPTS.on(registry)
        self.takeovers = TAKEOVERS.on(registry)
        self.conflicts = CONFLICTS.on(registry)
        self.outcomes_found = OUTCOMES_FOUND.on(registry)
        self.dead_letters = DEAD_LETTERS.on(registry)
        self.discarded = DISCARDED.on(registry)


class StageMetrics:
    """What one stage of a worker counts; series that grow from 0 are there from the start."""

    def __init__(self, worker: WorkerMetrics, stage: str, *, engine: str | None, slots: int) -> None:
        self._worker = worker
        self._stage = stage
        self._engine = engine or NO_ENGINE
        self._processing = worker.processing.labels(stage, self._engine)
        self._queue_wait = worker.queue_wait.labels(stage)
        self._finished = worker.attempts.labels(stage, self._engine, "finished", "")
        self._takeovers = worker.takeovers.labels(stage)
        self._conflicts = {kind: worker.conflicts.labels(stage, kind) for kind in ("outcome", "marker")}
        self._outcomes_found = worker.outcomes_found.labels(stage)
        self._discarded = worker.discarded.labels(stage)
        worker.slots.labels(stage).set(slots)

    def show_in_hand(self, count: Callable[[], int]) -> None:
        """Ask `count` whenever somebody looks."""
        self._worker.in_hand.labels(self._stage).set_function(count)

    def waited(self, entry_id: str) -> None:
        """An attempt begins at an entry that was delivered for the first time."""
        added_at = int(entry_id.partition("-")[0]) / 1000
        self._queue_wait.observe(max(0.0, time.time() - added_at))

    def ended(self, result: Result, code: str = "", *, seconds: float, audio_seconds: float | None = None) -> None:
        """An attempt has come to its end after so many seconds of work."""
        if result == "finished":
            self._finished.inc()
        else:
            self._worker.attempts.labels(self._stage, self._engine, result, code).inc()
        if result in {"finished", "failed"}:
            self._processing.observe(seconds)
        if audio_seconds:
            self._worker.audio.labels(self._stage, self._engine).inc(audio_seconds)
            self._worker.real_time_factor.labels(self._stage, self._engine).observe(seconds / audio_seconds)

    def interrupted(self, fate: str) -> None:
        """An attempt was broken off, for this reason."""
        self._worker.attempts.labels(self._stage, self._engine, "interrupted", fate).inc()

    def took_over(self) -> None:
        """A delivery came from a worker that let it go."""
        self._takeovers.inc()

    def lost_to(self, kind: Conflict) -> None:
        """Somebody else had settled the unit."""
        self._conflicts[kind].inc()

    def found_outcome(self) -> None:
        """There was nothing left to do."""
        self._outcomes_found.inc()

    def gave_up(self, code: str, *, is_failed: bool) -> None:
        """The unit's outcome says that no attempt was left."""
        self._worker.dead_letters.labels(self._stage, code, "failed" if is_failed else "fallback").inc()

    def discarded(self) -> None:
        """An entry could not be read."""
        self._discarded.inc()
