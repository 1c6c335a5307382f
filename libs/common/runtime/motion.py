"""Whether a stage moves: its loop turns while there is room, and its units end in time."""

import datetime
from collections.abc import Collection

from libs.common.status.standstill import Standstill
from libs.common.streams.connection import SOCKET_TIMEOUT


def usual_patience(lease: float) -> float:
    """Seconds that a stage may stand still: a lease, and what Redis and a child that is being ended may take."""
    return lease + 2 * SOCKET_TIMEOUT


class StageMotion:
    """Looked at several times a second."""

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._loop = Standstill()
        self._units: dict[str, Standstill] = {}
        self._has_turned = False

    def turn(self) -> None:
        """The loop went round, and Redis answered it."""
        self._has_turned = True

    def look(self, now: float, *, should_turn: bool, overdue: Collection[str]) -> None:
        """`now` is monotonic; `should_turn`: there is room; `overdue`: units in hand past their deadline."""
        self._loop.look(now, is_still=should_turn and not self._has_turned)
        self._has_turned = False
        self._units = {unit: self._units.get(unit, Standstill()) for unit in overdue}
        for unit in self._units.values():
            unit.look(now, is_still=True)

    @property
    def stopped_since(self) -> datetime.datetime | None:
        """Since when it has stood still, if that is longer than it may."""
        return self._longest.since if self._longest.seconds > self._patience else None

    @property
    def is_hopeless(self) -> bool:
        """Whether it has stood still for so long that only another process helps."""
        return self._longest.seconds > 2 * self._patience

    @property
    def _longest(self) -> Standstill:
        return max((self._loop, *self._units.values()), key=lambda one: one.seconds)
