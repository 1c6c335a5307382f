"""Workers of each kind as processes, and the meetings that go through them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scripts.bench.chains.record import LAST, Line, read_record

ROOT = Path(__file__).parents[2]
WORKERS = 4
"""Processes that work, for each kind."""

_POLL = 0.02
_ENDS_WITHIN = 10.0


@dataclass(frozen=True)
class Kind:
    """One way to run the chain."""

    name: str
    workers: Sequence[Sequence[str]]
    """A command per worker."""

    submit: Sequence[str]
    """A command that takes the names of meetings."""

    is_variant: bool = False
    """Whether it only shows what another layout of the processes changes."""


def kinds(peers: Path) -> list[Kind]:
    """All of them; `peers` is the interpreter of the environment with the task queues."""
    chains = "scripts.bench.chains"
    hansard = [sys.executable, "-m", f"{chains}.on_hansard"]
    celery = [str(peers), "-m", "celery", "-A", f"{chains}.on_celery", "worker", "--loglevel", "WARNING"]
    dramatiq = [str(peers), "-m", "dramatiq", f"{chains}.on_dramatiq", "--processes", "1"]
    services = ("normalizer", "diarizer", "transcriber", "summarizer")
    return [
        Kind("Hansard", [[*hansard, service] for service in services], [*hansard, "submit"]),
        Kind(
            "Hansard, all stages in each process", [[*hansard, "all"]] * WORKERS, [*hansard, "submit"], is_variant=True
        ),
        Kind(
            "celery",
            [[*celery, "--concurrency", "1", "--hostname", f"{number}@bench"] for number in range(WORKERS)],
            [str(peers), "-m", f"{chains}.on_celery"],
        ),
        Kind("dramatiq", [dramatiq] * WORKERS, [str(peers), "-m", f"{chains}.on_dramatiq"]),
    ]


@dataclass
class Fleet:
    """The running workers of one kind."""

    kind: Kind
    environment: Mapping[str, str]
    record: Path
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def submit(self, meetings: Sequence[str]) -> subprocess.Popen[bytes]:
        """Begin to hand in meetings, in a process of its own."""
        return self._start([*self.kind.submit, *meetings])

    def start_worker(self, number: int) -> subprocess.Popen[bytes]:
        """Start one of the workers."""
        return self._start(self.kind.workers[number])

    def worker_pids(self, number: int) -> set[int]:
        """The processes of a worker: itself and all that it has started."""
        worker = psutil.Process(self.processes[number].pid)
        return {worker.pid, *(child.pid for child in worker.children(recursive=True))}

    def kill_worker(self, number: int) -> set[int]:
        """Kill a worker with all its processes at once, as the end of a container does; their ids."""
        pids = self.worker_pids(number)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processes[number].wait(_ENDS_WITHIN)
        return pids

    def lines(self) -> list[Line]:
        """The record so far."""
        return list(read_record(self.record))

    def finished(self, prefix: str) -> set[str]:
        """The meetings with such a name that have gone through the whole chain."""
        return {
            line.meeting
            for line in self.lines()
            if (line.word, line.unit) == ("finish", LAST) and line.meeting.startswith(prefix)
        }

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True
            )


@dataclass(frozen=True)
class Conditions:
    """What the workers of all kinds are told alike."""

    work: float = 0.0
    """Seconds that each unit takes."""

    patience: float | None = None
    """Seconds after which the units of a dead worker count as abandoned; `None` for each kind's default."""

    has_default_sweeps: bool = True
    """Whether celery and dramatiq look for such units only as often as they do by default."""

    @property
    def variables(self) -> dict[str, str]:
        variables = {"BENCH_WORK": str(self.work)}
        if self.has_default_sweeps:
            variables["BENCH_DEFAULT_SWEEPS"] = "yes"
        if self.patience is not None:
            variables |= {"BENCH_PATIENCE": str(self.patience), "LEASE": str(self.patience)}
        return variables


@contextmanager
def running_fleet(kind: Kind, folder: Path, conditions: Conditions, *, redis_url: str) -> Iterator[Fleet]:
    """Workers of one kind that have already taken a few meetings through, to be warm.

    Args:
        kind: Which.
        folder: For the record, the log and the objects.
        conditions: Under which they work.
        redis_url: An empty Redis.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **conditions.variables,
        "BENCH_RECORD": str(folder / "record"),
        "BENCH_REDIS_URL": redis_url,
        "REDIS_URL": redis_url,
        "OBJECT_STORE_URL": (folder / "objects").as_uri(),
        "LOG_LEVEL": "warning",
    }
    fleet = Fleet(kind, environment, folder / "record", folder / "log")
    try:
        fleet.processes += [fleet.start_worker(number) for number in range(len(kind.workers))]
        warm = [f"warm-{number}" for number in range(2 * WORKERS)]
        fleet.submit(warm).wait()
        wait_until(lambda: len(fleet.finished("warm-")) == len(warm), within=60, otherwise=fleet.log)
        yield fleet
    finally:
        for process in fleet.processes:
            _kill_session(process)


def wait_until(is_so: Callable[[], bool], *, within: float, otherwise: Path) -> None:
    """Ask again and again.

    Raises:
        TimeoutError: It is not so in time; with the end of a log.
    """
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise.read_text(errors="replace")[-2000:])
        time.sleep(_POLL)


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_ENDS_WITHIN)
