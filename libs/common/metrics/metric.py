"""A metric as it is declared: once, for the process that shows it and for the page that describes it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

Over = Literal["sum", "max", "min"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Name, meaning and labels."""

    kind: ClassVar[str]

    name: str
    """As Prometheus stores it, with its unit."""

    text: str
    labels: tuple[str, ...] = ()

    over: Over = "sum"
    """How replicas go together: `max` where all of them report the same thing, `min` where the worst off counts."""

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which samples are stored."""
        return (self.name,)


@dataclass(frozen=True, kw_only=True)
class CounterMetric(Metric):
    """Something that only grows, from 0 at the start of its process."""

    kind: ClassVar[str] = "counter"

    def on(self, registry: CollectorRegistry) -> Counter:
        """The counter on a registry that has none of this name."""
        return Counter(self.name, self.text, self.labels, registry=registry)


@dataclass(frozen=True, kw_only=True)
class GaugeMetric(Metric):
    """Something as it is now."""

    kind: ClassVar[str] = "gauge"

    def on(self, registry: CollectorRegistry) -> Gauge:
        """The gauge on a registry that has none of this name."""
        return Gauge(self.name, self.text, self.labels, registry=registry)

    def family(self) -> GaugeMetricFamily:
        """For collectors, which look when they are asked."""
        return GaugeMetricFamily(self.name, self.text, labels=self.labels)


@dataclass(frozen=True, kw_only=True)
class HistogramMetric(Metric):
    """How often something was how large."""

    kind: ClassVar[str] = "histogram"

    buckets: tuple[float, ...]

    def on(self, registry: CollectorRegistry) -> Histogram:
        """The histogram on a registry that has none of this name."""
        return Histogram(self.name, self.text, self.labels, buckets=self.buckets, registry=registry)

    @property
    def series(self) -> tuple[str, ...]:
        return tuple(f"{self.name}{suffix}" for suffix in ("_bucket", "_sum", "_count"))
