"""Latencies as the report shows them."""

import statistics
from collections.abc import Sequence

from scripts.bench_engines.report import Figure


def latencies(seconds: Sequence[float]) -> dict[str, Figure]:
    """Median and the tail, in milliseconds."""
    if len(seconds) < 2:
        return {name: 1000 * one for one in seconds for name in ("median ms", "p95 ms", "p99 ms")}
    hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"median ms": 1000 * hundredths[49], "p95 ms": 1000 * hundredths[94], "p99 ms": 1000 * hundredths[98]}
