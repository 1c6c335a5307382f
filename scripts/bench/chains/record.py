"""What was executed, when and by which process: one appended line each, which no kill can take back."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BEFORE_CHUNKS = ("normalize", "diarize", "match", "plan")
NUM_CHUNKS = 4
CHUNKS = tuple(f"transcribe.{index}" for index in range(NUM_CHUNKS))
JOIN = "assemble"
LAST = "summarize"
NUM_UNITS = len((*BEFORE_CHUNKS, *CHUNKS, JOIN, LAST))


@dataclass(frozen=True)
class Line:
    """A moment in the life of a unit."""

    at: float
    """Seconds since the epoch."""

    pid: int
    word: str
    """`submitted`, `start` or `finish`."""

    meeting: str
    unit: str


def note(word: str, meeting: str, unit: str) -> None:
    """Append a line to the file that BENCH_RECORD names."""
    line = f"{time.time():.6f} {os.getpid()} {word} {meeting} {unit}\n"
    file = os.open(os.environ["BENCH_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def work(meeting: str, unit: str) -> str:
    """Do nothing for BENCH_WORK seconds, and say so; returns the meeting for the next in the chain."""
    note("start", meeting, unit)
    time.sleep(work_seconds())
    note("finish", meeting, unit)
    return meeting


def work_seconds() -> float:
    """How long a unit takes."""
    return float(os.environ["BENCH_WORK"])


def patience_seconds() -> float | None:
    """How long a unit may be silent before it counts as abandoned; `None` for the queue's own default."""
    patience = os.environ.get("BENCH_PATIENCE")
    return float(patience) if patience else None


def has_default_sweeps() -> bool:
    """Whether a queue looks for abandoned units only as often as it does by default."""
    return bool(os.environ.get("BENCH_DEFAULT_SWEEPS"))


def read_record(path: Path) -> Iterator[Line]:
    """All complete lines."""
    if not path.exists():
        return
    for line in path.read_text().split("\n")[:-1]:
        at, pid, word, meeting, unit = line.split(" ")
        yield Line(float(at), int(pid), word, meeting, unit)
