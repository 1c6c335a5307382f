"""How long units waited past the end of the faults, beyond their own work and that of units before them."""

import datetime
import itertools
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chaos import timing
from chaos.evidence import Evidence, FactRow
from chaos.strikes import Struck
from libs.common.outcome import Unit


@dataclass(frozen=True)
class Wait:
    """A unit that had its outcome only after the end of a storm."""

    unit: Unit
    storm: int
    seconds: float
    """Past the end of the storm, or past its input where that came later; without its own work and the queue."""


def waits(evidence: Evidence, struck: Sequence[Struck], *, excluded: set[str]) -> list[Wait]:
    """All waits; `excluded` runs do not count: those of poison, and those that were cancelled or deleted."""
    storms = _storms(struck)
    inputs, outcomes = _times(fact for fact in evidence.facts if fact.is_own and fact.run_id not in excluded)
    queues = _queues(evidence.facts)
    found = []
    for unit, (recorded_at, worked) in outcomes.items():
        if unit not in inputs:
            continue
        ended = [(end, number) for number, (_, end) in storms.items() if end <= recorded_at]
        if not ended or any(begin <= recorded_at <= end for begin, end in storms.values()):
            continue
        end, number = max(ended)
        since = max(end, inputs[unit])
        began = recorded_at - datetime.timedelta(seconds=worked)
        seconds = (began - since).total_seconds() - queues[unit.stage].seconds(inputs[unit], since, began)
        found.append(Wait(unit, number, max(0.0, seconds)))
    return found


def check_recovery(found: Iterable[Wait], *, slack: float) -> list[str]:
    """Waits beyond two leases, the reconciler's age and its period. `slack`: for the start of processes."""
    limit = timing.RECOVERY + slack
    return [
        f"{one.unit.id} waited {one.seconds:.1f} s past the end of storm {one.storm}, more than {limit:.1f} s"
        for one in found
        if one.seconds > limit
    ]


def slowness(evidence: Evidence) -> float:
    """How many times longer the engines took than on a machine that has nothing else to do; at least 1."""
    seconds = [fact.parsed_report.seconds for fact in evidence.facts if fact.stage == "transcribe" and fact.is_own]
    return max(1.0, statistics.median(seconds) / timing.WORK) if seconds else 1.0


def worst_by_fault(found: Sequence[Wait], struck: Iterable[Struck]) -> dict[str, float]:
    """Fault → the longest wait past the end of a storm that it was part of."""
    by_storm: dict[int, float] = {}
    for one in found:
        by_storm[one.storm] = max(one.seconds, by_storm.get(one.storm, 0.0))
    worst: dict[str, float] = {}
    for fault in struck:
        worst[fault.name] = max(worst.get(fault.name, 0.0), by_storm.get(fault.storm, 0.0))
    return worst


@dataclass(frozen=True)
class _Turn:
    """When a unit was worked that has its outcome."""

    input_at: datetime.datetime
    began: datetime.datetime
    ended: datetime.datetime


class _Queue:
    """What a stage worked, from which follows how long a unit had to wait for those before it."""

    def __init__(self, turns: Sequence[_Turn]) -> None:
        self._turns = turns
        steps = sorted([(turn.began, 1) for turn in turns] + [(turn.ended, -1) for turn in turns])
        self._at_once = max(1, *itertools.accumulate(step for _, step in steps))

    def seconds(self, input_at: datetime.datetime, since: datetime.datetime, until: datetime.datetime) -> float:
        """The work meanwhile on units with an earlier input, with as many at once as the stage ever had."""
        before = (turn for turn in self._turns if turn.input_at < input_at and turn.began < until)
        spent = ((min(turn.ended, until) - max(turn.began, since)).total_seconds() for turn in before)
        return sum(max(0.0, seconds) for seconds in spent) / self._at_once


def _queues(facts: Sequence[FactRow]) -> Mapping[str, _Queue]:
    inputs, _ = _times(facts)
    turns: defaultdict[str, list[_Turn]] = defaultdict(list)
    for unit, report in {fact.unit: fact.parsed_report for fact in facts if fact.is_own}.items():
        ended = report.started_at + datetime.timedelta(seconds=report.seconds)
        turns[unit.stage].append(_Turn(inputs.get(unit, report.started_at), report.started_at, ended))
    return {stage: _Queue(those) for stage, those in turns.items()}


def _storms(struck: Iterable[Struck]) -> Mapping[int, tuple[datetime.datetime, datetime.datetime]]:
    storms: dict[int, tuple[datetime.datetime, datetime.datetime]] = {}
    for fault in struck:
        begin, end = storms.get(fault.storm, (fault.began, fault.ended))
        storms[fault.storm] = min(begin, fault.began), max(end, fault.ended)
    return storms


def _times(
    facts: Iterable[FactRow],
) -> tuple[dict[Unit, datetime.datetime], dict[Unit, tuple[datetime.datetime, float]]]:
    """Unit → when its input was recorded (the last of a fan-in's), and unit → when its outcome was, and its work."""
    inputs: dict[Unit, datetime.datetime] = {}
    outcomes: dict[Unit, tuple[datetime.datetime, float]] = {}
    for fact in facts:
        if (unit := fact.next_unit) is not None:
            inputs[unit] = max(fact.recorded_at, inputs.get(unit, fact.recorded_at))
        outcomes[fact.unit] = fact.recorded_at, fact.parsed_report.seconds
    return inputs, outcomes
