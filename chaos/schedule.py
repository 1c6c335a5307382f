"""When which fault happens, from a seed: every class at least once, then at random, in storms with calms between."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos import timing
from chaos.faults.fault import Fault

_STORM = 18.0
_CALM = timing.RECOVERY + 4.0
"""Long enough to see that everything recovered from the storm before."""

_BETWEEN = 1.2
"""Seconds between two strikes at most; some faults take seconds, so that they overlap."""

SPACING = 4.0
"""Between two faults that cost units of the same service an attempt: each unit has three."""


@dataclass(frozen=True)
class Strike:
    """One fault at one time."""

    at: float
    """Seconds since the beginning of the faults."""

    storm: int
    fault: Fault
    seed: int
    """Of everything that the fault chooses."""


def make_schedule(faults: Sequence[Fault], *, seed: int, seconds: float, is_apart: bool = False) -> list[Strike]:
    """Strikes in the order of their times; past `seconds` only while a class has not had its turn.

    `is_apart`: each class once and by itself, so that the recovery from it is seen.
    """
    rng = random.Random(seed)
    waiting, due = rng.sample(faults, len(faults)), {fault.name for fault in faults}
    charged: dict[str, float] = {}
    strikes: list[Strike] = []
    for storm, slot in _single_times() if is_apart else _times(seconds, minimum=len(faults)):
        if not due and (is_apart or slot > seconds):
            break
        at = slot + rng.uniform(0, 0.3)
        if not waiting:
            waiting = rng.sample(faults, len(faults))
        fault = next((one for one in waiting if _may_strike(one, at, charged)), None)
        if fault is None:
            continue
        waiting.remove(fault)
        due.discard(fault.name)
        if fault.burdens:
            charged[fault.burdens] = at
        strikes.append(Strike(at, storm, fault, rng.getrandbits(32)))
    return sorted(strikes, key=lambda strike: strike.at)


def _may_strike(fault: Fault, at: float, charged: dict[str, float]) -> bool:
    return fault.burdens is None or at - charged.get(fault.burdens, -SPACING) >= SPACING


def _single_times() -> Iterator[tuple[int, float]]:
    return ((number, number * _CALM) for number in itertools.count())


def _times(seconds: float, *, minimum: int) -> Iterator[tuple[int, float]]:
    """(storm, time) of every strike, without end; closer together where there would be fewer than `minimum`."""
    storms = list(_storms(seconds))
    stormy = sum(end - start for start, end in storms)
    between = min(_BETWEEN, stormy / (1.3 * minimum))
    for number, (start, end) in enumerate(storms):
        for index in range(int((end - start) / between) + 1):
            yield number, start + index * between
    for index in itertools.count(1):
        yield len(storms) - 1, max(seconds, storms[-1][1]) + index * between


def _storms(seconds: float) -> Iterator[tuple[float, float]]:
    """Start and end of each; the last calm is that after the end."""
    start = 0.0
    if seconds < 2 * _STORM + _CALM:
        yield start, seconds
        return
    while start < seconds:
        yield start, min(seconds, start + _STORM)
        start += _STORM + _CALM
