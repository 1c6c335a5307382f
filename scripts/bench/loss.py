"""What a worker's death costs: units and meetings that do not go on or are done twice, and how long it takes."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.chains.record import JOIN, LAST, NUM_UNITS, Line
from scripts.bench.fleets import Conditions, Fleet, Kind, running_fleet, wait_until

PATIENCE = 5.0
"""Seconds for all: the lease, the visibility timeout and the heartbeat timeout. Their defaults: 30, 3600 and 60."""

WAIT = 45.0
"""Seconds after the kill in which everything should have gone on; more is not waited for."""

WATCHED_AT_LEAST = 15.0
"""Seconds after the kill: what is done a second time comes late."""

_MEETINGS = 60
_WORK = 0.05
_KILLED = 2
"""The transcriber, on Hansard: it has most of the units. The others' workers are all alike."""

_KILLED_AFTER = 0.4
_POLL = 0.05


@dataclass(frozen=True)
class Loss:
    """What became of the meetings when one of the workers was killed among them, and started again at once."""

    kind: str
    in_hand: int
    """Units that the worker had begun."""

    unfinished: int
    """Of those; nobody had finished them after `WAIT`."""

    recovery: float | None
    """Seconds until the last of those that were finished was."""

    meetings_unfinished: int
    twice: int
    """Units that were executed to their end more than once, apart from the one that joins the chunks."""

    joined_twice: int
    """Meetings whose chunks were."""

    results_twice: int
    """Meetings whose last stage was."""


def measure_loss(kind: Kind, folder: Path, *, redis_url: str, has_default_sweeps: bool) -> Loss:
    """Kill one worker when part of the work is done."""
    names = [f"m-{number}" for number in range(_MEETINGS)]
    conditions = Conditions(work=_WORK, patience=PATIENCE, has_default_sweeps=has_default_sweeps)
    with running_fleet(kind, folder, conditions, redis_url=redis_url) as fleet:
        submitting = fleet.submit(names)
        wait_until(lambda: _is_time(fleet), within=60, otherwise=fleet.log)
        killed = fleet.kill_worker(_KILLED)
        killed_at = time.time()
        fleet.processes[_KILLED] = fleet.start_worker(_KILLED)
        submitting.wait()
        _watch(fleet, killed_at)
        lines = [line for line in fleet.lines() if line.meeting.startswith("m-")]
    return _loss(kind.name, lines, killed, killed_at, names)


def _is_time(fleet: Fleet) -> bool:
    """Part of the work is done, and the worker has something in hand."""
    lines = [line for line in fleet.lines() if line.meeting.startswith("m-")]
    is_far = sum(line.word == "finish" for line in lines) > NUM_UNITS * _MEETINGS * _KILLED_AFTER
    return is_far and bool(_in_hand(lines, fleet.worker_pids(_KILLED)))


def _in_hand(lines: Sequence[Line], pids: set[int]) -> set[tuple[str, str]]:
    own = [line for line in lines if line.pid in pids]
    finished = {(line.meeting, line.unit) for line in own if line.word == "finish"}
    return {(line.meeting, line.unit) for line in own if line.word == "start"} - finished


def _watch(fleet: Fleet, killed_at: float) -> None:
    while time.time() < killed_at + WAIT and len(fleet.finished("m-")) < _MEETINGS:
        time.sleep(_POLL)
    time.sleep(max(0.0, killed_at + WATCHED_AT_LEAST - time.time()))


def _loss(kind: str, lines: Sequence[Line], killed: set[int], killed_at: float, names: Sequence[str]) -> Loss:
    finished = [line for line in lines if line.word == "finish"]
    interrupted = _in_hand(lines, killed)
    ends = [line.at for line in finished if (line.meeting, line.unit) in interrupted]
    counts = Counter((line.meeting, line.unit) for line in finished)
    return Loss(
        kind=kind,
        in_hand=len(interrupted),
        unfinished=sum(counts[one] == 0 for one in interrupted),
        recovery=max(ends) - killed_at if ends else None,
        meetings_unfinished=sum(counts[name, LAST] == 0 for name in names),
        twice=sum(count > 1 for (_, unit), count in counts.items() if unit != JOIN),
        joined_twice=sum(counts[name, JOIN] > 1 for name in names),
        results_twice=sum(counts[name, LAST] > 1 for name in names),
    )
