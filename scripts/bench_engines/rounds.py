"""Alternatives measured in turns, because the machine's speed drifts."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import psutil

R = TypeVar("R")


@dataclass(frozen=True)
class Side(Generic[R]):
    """One of the alternatives."""

    name: str
    work: Callable[[], Awaitable[R]]


@dataclass(frozen=True)
class Took:
    """What one piece of work cost, in seconds."""

    wall: float

    processor: float
    """Of this process and its children, on all cores: what others do on the machine changes it least."""


@dataclass(frozen=True)
class Timings(Generic[R]):
    """What each side took, round by round; the first side is the one that the others are compared with."""

    took: dict[str, tuple[Took, ...]]

    answers: dict[str, R]
    """Of the last round."""

    @property
    def rounds(self) -> int:
        return len(next(iter(self.took.values())))

    def seconds(self, name: str) -> float:
        """Wall time of one side, median."""
        return statistics.median(one.wall for one in self.took[name])

    def ratio(self, name: str) -> float:
        """How many times longer than the first side this one takes: the median of the ratios round by round."""
        return statistics.median(self._ratios(name))

    def spread(self, name: str) -> str:
        """The lowest and the highest of these ratios."""
        ratios = self._ratios(name)
        return f"{min(ratios):.2f} to {max(ratios):.2f}"

    def processor_ratio(self, name: str) -> float:
        """The same of the processors' time."""
        return statistics.median(ours.processor / theirs.processor for ours, theirs in self._pairs(name))

    def _ratios(self, name: str) -> list[float]:
        return [ours.wall / theirs.wall for ours, theirs in self._pairs(name)]

    def _pairs(self, name: str) -> list[tuple[Took, Took]]:
        return list(zip(self.took[name], next(iter(self.took.values())), strict=True))


async def measured(sides: Sequence[Side[R]], *, rounds: int, warm_up: bool = True) -> Timings[R]:
    """Time every side once per round, every second round in reverse; before that each works once without a clock."""
    if warm_up:
        for side in sides:
            await side.work()
    took: dict[str, list[Took]] = {side.name: [] for side in sides}
    answers: dict[str, R] = {}
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            started, used = time.perf_counter(), _processor_seconds()
            answers[side.name] = await side.work()
            took[side.name].append(Took(time.perf_counter() - started, _processor_seconds() - used))
    return Timings({name: tuple(times) for name, times in took.items()}, answers)


def _processor_seconds() -> float:
    process = psutil.Process()
    times = [one.cpu_times() for one in (process, *process.children())]
    return sum(one.user + one.system for one in times)
