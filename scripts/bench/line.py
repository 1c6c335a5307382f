"""How much of a meeting's wall time the whole line spends in its stages' work, on real processes and servers."""

import datetime
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.client import Gateway
from cli.local.child import free_port
from libs.common.outcome import Outcome

_ROOT = Path(__file__).parents[2]
_RECORDING = _ROOT / "samples" / "planning" / "planning.flac"
_STARTS_WITHIN = 90.0
_ENDS_WITHIN = 600.0
_POLL = 0.1


@dataclass(frozen=True)
class LineTime:
    """Seconds of one meeting, from its acceptance to its last row."""

    wall: float

    working: float
    """Time in which at least one stage worked on the meeting: the part of the critical path that is work."""

    worked: float
    """All stages' work added up; more than `working` where units ran side by side."""

    @property
    def share(self) -> float:
        """Of the wall time, how much was work."""
        return self.working / self.wall


def measure_line(meetings: int) -> list[LineTime]:
    """Take the sample meeting through a Hansard of its own, once to warm up and then `meetings` times."""
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as gateway:
        objects = Path(folder) / "objects"
        return [_measure(gateway, objects) for _ in range(meetings + 1)][1:]


def median_share(times: Sequence[LineTime]) -> float:
    """The median of the shares."""
    return statistics.median(one.share for one in times)


def _measure(gateway: Gateway, objects: Path) -> LineTime:
    accepted = gateway.process(_RECORDING, {"title": "Benchmark"})
    deadline = time.monotonic() + _ENDS_WITHIN
    while not (status := gateway.status(accepted.meeting_id)).is_final:
        if time.monotonic() > deadline:
            raise TimeoutError("the meeting did not end")
        time.sleep(_POLL)
    if status.status != "completed":
        raise RuntimeError(f"the meeting ended {status.status}: {status.error}")
    outcomes = _outcomes(objects / "meetings" / accepted.meeting_id / accepted.run_id)
    spans = sorted((one.report.started_at, _end(one)) for one in outcomes)
    assert status.created_at is not None and status.ended_at is not None  # noqa: PT018 - an ended meeting has both
    return LineTime(
        wall=(status.ended_at - status.created_at).total_seconds(),
        working=_covered(spans),
        worked=sum(one.report.seconds for one in outcomes),
    )


def _outcomes(folder: Path) -> list[Outcome]:
    return [Outcome.model_validate_json(path.read_bytes()) for path in folder.glob("*.json") if path.stem != "request"]


def _end(outcome: Outcome) -> datetime.datetime:
    return outcome.report.started_at + datetime.timedelta(seconds=outcome.report.seconds)


def _covered(spans: Sequence[tuple[datetime.datetime, datetime.datetime]]) -> float:
    covered, reached = 0.0, spans[0][0]
    for start, end in spans:
        covered += max(0.0, (end - max(start, reached)).total_seconds())
        reached = max(reached, end)
    return covered


@contextmanager
def _running(home: Path) -> Iterator[Gateway]:
    port = free_port()
    environment = {**os.environ, "HANSARD_HOME": str(home), "PORT": str(port)}
    with (home / "up.log").open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "cli", "up"], cwd=_ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        with Gateway(f"http://127.0.0.1:{port}", Console(quiet=True)) as gateway:
            deadline = time.monotonic() + _STARTS_WITHIN
            while not gateway.is_ready():
                if time.monotonic() > deadline or supervisor.poll() is not None:
                    raise RuntimeError((home / "up.log").read_text(errors="replace"))
                time.sleep(_POLL)
            yield gateway
    finally:
        supervisor.send_signal(signal.SIGINT)
        supervisor.wait(60)
