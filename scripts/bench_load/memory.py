"""How much memory a process takes while something happens to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

_PERIOD = 0.02
_MEBIBYTE = 1024 * 1024


@dataclass
class Memory:
    """Resident memory in MiB."""

    before: float
    peak: float = field(default=0.0)

    @property
    def growth(self) -> float:
        """How far the peak lies above the beginning."""
        return max(0.0, self.peak - self.before)


@contextmanager
def watched(process: psutil.Process) -> Iterator[Memory]:
    """Look at a process fifty times a second until the block ends."""
    memory, ended = Memory(before=_resident(process)), threading.Event()

    def watch() -> None:
        while not ended.wait(_PERIOD):
            memory.peak = max(memory.peak, _resident(process))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        ended.set()
        watcher.join()
        memory.peak = max(memory.peak, _resident(process))


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / _MEBIBYTE
