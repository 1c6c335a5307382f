"""What a worker counts about the child processes of its engines. Everything here is summed over replicas."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from libs.common.metrics.metric import CounterMetric, GaugeMetric, Metric

Reason = Literal["crashed", "stalled", "memory", "cancelled"]
REASONS: tuple[Reason, ...] = ("crashed", "stalled", "memory", "cancelled")

RESTARTS = CounterMetric(
    name="hansard_engine_child_restarts_total",
    text="Children that ended before their worker did: crashed, stalled, over their memory limit, or killed because"
    " their unit was cancelled, handed back or past its deadline.",
    labels=("engine", "reason"),
)
CHILDREN = GaugeMetric(
    name="hansard_engine_children", text="Child processes that hold an engine now.", labels=("engine",)
)
MEMORY = GaugeMetric(
    name="hansard_engine_child_memory_bytes",
    text="Resident memory of an engine's child processes together.",
    labels=("engine",),
)

METRICS: tuple[Metric, ...] = (RESTARTS, CHILDREN, MEMORY)


class MeasuredEngine(Protocol):
    """An engine in child processes."""

    @property
    def name(self) -> str | None:
        """`None` until it has started."""

    def memory_bytes(self) -> list[int]:
        """Resident memory of each living child."""


class EngineMetrics:
    """The instruments of all engines of one worker; it looks at the children when it is asked."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._restarts = RESTARTS.on(registry)
        self._engines: list[MeasuredEngine] = []
        registry.register(self)

    def watch(self, engine: MeasuredEngine) -> None:
        """Measure this engine from now on."""
        self._engines.append(engine)

    def forget(self, engine: MeasuredEngine) -> None:
        """It has ended."""
        self._engines.remove(engine)

    def started(self, engine: str) -> None:
        """Have its series begin at 0."""
        for reason in REASONS:
            self._restarts.labels(engine, reason)

    def ended(self, engine: str, reason: Reason) -> None:
        """One of its children ended before its time."""
        self._restarts.labels(engine, reason).inc()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As Prometheus's client asks for it."""
        memory: dict[str, list[int]] = defaultdict(list)
        for engine in self._engines:
            if engine.name is not None:
                memory[engine.name] += engine.memory_bytes()
        children, together = CHILDREN.family(), MEMORY.family()
        for name, sizes in memory.items():
            children.add_metric([name], len(sizes))
            together.add_metric([name], sum(sizes))
        yield children
        yield together
