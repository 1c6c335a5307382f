"""How many cores this process may use, whatever the machine has."""

import os
from pathlib import Path

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def usable_cores(control_group: Path = _CONTROL_GROUP) -> int:
    """Whole cores by affinity and by the quota of the container; at least one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(control_group)
    return allowed if quota is None else max(1, min(allowed, int(quota)))


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
