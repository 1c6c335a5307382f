"""How many meetings without any work in them go through the chain per second."""

from dataclasses import dataclass
from pathlib import Path

from scripts.bench.chains.record import LAST
from scripts.bench.fleets import Conditions, Kind, running_fleet, wait_until

_WITHIN = 180.0


@dataclass(frozen=True)
class Throughput:
    """One round of one kind."""

    kind: str
    meetings_per_second: float
    """From the first that was handed in to the last that went through."""

    units_twice: int
    """Units that were executed more than once, without any fault."""


def measure_throughput(kind: Kind, folder: Path, *, redis_url: str, meetings: int) -> Throughput:
    """Hand in all meetings at once and wait for the last; timeouts are each kind's own."""
    with running_fleet(kind, folder, Conditions(), redis_url=redis_url) as fleet:
        submitting = fleet.submit([f"m-{number}" for number in range(meetings)])
        wait_until(lambda: len(fleet.finished("m-")) == meetings, within=_WITHIN, otherwise=fleet.log)
        submitting.wait()
        lines = [line for line in fleet.lines() if line.meeting.startswith("m-")]
    began = min(line.at for line in lines)
    ended = max(line.at for line in lines if line.unit == LAST)
    finished = [(line.meeting, line.unit) for line in lines if line.word == "finish"]
    return Throughput(kind.name, meetings / (ended - began), len(finished) - len(set(finished)))
