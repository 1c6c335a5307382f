"""What this process may use of its machine, whatever the machine has."""

import os
import platform
from pathlib import Path

import psutil

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def usable_cores(control_group: Path = _CONTROL_GROUP) -> int:
    """Whole cores by affinity and by the quota of the container; at least one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(control_group)
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def usable_memory_bytes(control_group: Path = _CONTROL_GROUP) -> int:
    """Memory of the machine, or of the container where that has less."""
    size = int(psutil.virtual_memory().total)
    try:
        return min(size, int((control_group / "memory.max").read_text()))
    except (OSError, ValueError):
        return size


def processor_name(description: Path = Path("/proc/cpuinfo")) -> str:
    """The model of the processor as the kernel names it; elsewhere its architecture."""
    try:
        lines = description.read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _quota(control_group: Path) -> float | None:
    """Cores of processor time per second; `None` without a limit."""
    try:
        quota, period = (control_group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return _old_quota(control_group / "cpu")
    return None if quota == "max" else int(quota) / int(period)


def _old_quota(control_group: Path) -> float | None:
    """As the first version of control groups has it."""
    try:
        quota, period = (int((control_group / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None
