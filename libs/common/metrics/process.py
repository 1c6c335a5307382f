"""What every process says about itself: its release, memory, CPU and files, its disk, and how late its loop runs."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily

from libs.common.metrics.metric import CounterMetric, GaugeMetric, HistogramMetric, Metric
from libs.common.release import RELEASE

_PERIOD = 0.5
_NAMESPACE = "hansard"

BUILD = GaugeMetric(
    name="hansard_build_info", text="1, with the release that runs as a label.", labels=("service", "release")
)
LOOP_LAG = HistogramMetric(
    name="hansard_event_loop_lag_seconds",
    text=f"How much later than asked the event loop woke up, every {_PERIOD} s: what holds it up holds leases up.",
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
DISK_FREE = GaugeMetric(
    name="hansard_disk_free_bytes",
    text="Free room where `folder` lies: scratch (TMPDIR), or objects where the object store is a folder.",
    labels=("folder",),
)
DISK_SIZE = GaugeMetric(
    name="hansard_disk_size_bytes", text="All room where `folder` lies, free or not.", labels=("folder",)
)

_OF_THE_CLIENT: tuple[Metric, ...] = (
    GaugeMetric(name="hansard_process_virtual_memory_bytes", text="Virtual memory of the process, without children."),
    GaugeMetric(name="hansard_process_resident_memory_bytes", text="Resident memory of the process, without children."),
    GaugeMetric(name="hansard_process_start_time_seconds", text="When the process began, seconds since the epoch."),
    CounterMetric(name="hansard_process_cpu_seconds_total", text="CPU time of the process, without children."),
    GaugeMetric(name="hansard_process_open_fds", text="Open file descriptors."),
    GaugeMetric(name="hansard_process_max_fds", text="The most file descriptors that the process may open."),
)
"""As `prometheus_client.ProcessCollector` names and counts them."""

METRICS: tuple[Metric, ...] = (BUILD, LOOP_LAG, DISK_FREE, DISK_SIZE, *_OF_THE_CLIENT)


class Disks:
    """Looks at folders when it is asked."""

    def __init__(self, registry: CollectorRegistry, folders: dict[str, Path]) -> None:
        self._folders = folders
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As Prometheus's client asks for it; a folder that is not there has no disk."""
        free, size = DISK_FREE.family(), DISK_SIZE.family()
        for name, folder in self._folders.items():
            with contextlib.suppress(OSError):
                usage = shutil.disk_usage(folder)
                free.add_metric([name], usage.free)
                size.add_metric([name], usage.total)
        yield free
        yield size


@contextlib.asynccontextmanager
async def measured_process(
    registry: CollectorRegistry, *, service: str, folders: dict[str, Path] | None = None
) -> AsyncIterator[None]:
    """Measure this process while the block runs; `folders` beside the one for scratch, by name."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for most, which nothing here reads
    BUILD.on(registry).labels(service, RELEASE).set(1)
    ProcessCollector(namespace=_NAMESPACE, registry=registry)
    Disks(registry, {"scratch": Path(tempfile.gettempdir()), **(folders or {})})
    watching = asyncio.create_task(_watch_loop(LOOP_LAG.on(registry)))
    try:
        yield
    finally:
        watching.cancel()


async def _watch_loop(lag: Histogram) -> None:
    loop = asyncio.get_running_loop()
    while True:
        asked = loop.time() + _PERIOD
        await asyncio.sleep(_PERIOD)
        lag.observe(max(0.0, loop.time() - asked))
