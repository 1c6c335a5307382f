"""Every metric that a service shows, by who shows it."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from libs.common.metrics import engines, process, stages
from libs.common.metrics.metric import Metric
from services.gateway.metrics import counts, line, requests
from services.summarizer import metrics as answers

CATALOGUE: Mapping[str, Sequence[Metric]] = MappingProxyType(
    {
        "Every process": process.METRICS,
        "Workers: stages": stages.METRICS,
        "Workers: engines": engines.METRICS,
        "The summarizer: calls of a model": answers.METRICS,
        "The gateway: the line as it is": line.METRICS,
        "The gateway: what it did on the line": counts.METRICS,
        "The gateway: its API": requests.METRICS,
    }
)


def metrics() -> Iterator[Metric]:
    """All of them."""
    for group in CATALOGUE.values():
        yield from group


def labels_by_series() -> dict[str, frozenset[str]]:
    """The labels that samples carry, by the name under which Prometheus stores them."""
    found: dict[str, frozenset[str]] = {}
    for metric in metrics():
        for name in metric.series:
            found[name] = frozenset(metric.labels) | ({"le"} if name.endswith("_bucket") else set())
    return found
