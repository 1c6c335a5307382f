"""What this process may use of the machine, whatever a container allows."""

import os
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def usable_processors(cgroup: Path = _CGROUP) -> int:
    """Processors, by affinity and quota."""
    allowed = len(os.sched_getaffinity(0))
    match _read(cgroup / "cpu.max").split():
        case [quota, period] if quota.isdigit():
            return max(1, min(allowed, round(int(quota) / int(period))))
    return allowed


def usable_memory_bytes(cgroup: Path = _CGROUP) -> int:
    """Memory, by size and limit."""
    size = int(psutil.virtual_memory().total)
    limit = _read(cgroup / "memory.max").strip()
    return min(size, int(limit)) if limit.isdigit() else size


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
