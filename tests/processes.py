"""Processes that may end while a test looks at them."""

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil


def processes_of(pids: Iterable[int]) -> list[psutil.Process]:
    """Those that are still there."""
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found


def children() -> set[psutil.Process]:
    """Of this process, dead ones that nobody waited for included, but for the one that tidies up after them."""
    return {child for child in psutil.Process().children() if "resource_tracker" not in _command(child)}


def has_ended(process: psutil.Process) -> bool:
    """True once it is gone, or waits for nothing but its parent to ask how it ended."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def left_alive(processes: Iterable[psutil.Process], *, after: float) -> list[psutil.Process]:
    """Those that have not ended `after` so many seconds; returns at once when all have."""
    deadline = time.monotonic() + after
    alive = list(processes)
    while (alive := [process for process in alive if not has_ended(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _command(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""
