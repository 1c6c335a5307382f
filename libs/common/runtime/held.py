"""A delivery in hand: what renewal may do to it while its handler runs."""

import asyncio
import datetime
from typing import Generic, Literal, TypeVar

from libs.common.events import Event
from libs.common.outcome import Unit
from libs.common.runtime.work import UnitWork
from libs.common.streams.queue import Delivery

E = TypeVar("E", bound=Event)

Fate = Literal["lost", "cancelled", "stopping", "overdue"]
"""`overdue`: the worker stops while it hangs past its deadline."""


class Held(Generic[E]):
    """One delivery, its unit, and the task that works on it."""

    def __init__(self, delivery: Delivery, event: E, unit: Unit, work: UnitWork) -> None:
        self.delivery = delivery
        self.event = event
        self.unit = unit
        self.work = work
        self.started_at = datetime.datetime.now(datetime.UTC)
        self.fate: Fate | None = None
        self._handling: asyncio.Task[object] | None = None

    def begin(self) -> None:
        """The handler runs in this task from now on and may be interrupted."""
        self._handling = asyncio.current_task()

    def end(self) -> None:
        """The handler is done; what follows is not interrupted."""
        self._handling = None

    def is_overdue(self, now: float) -> bool:
        """Whether what runs should have ended; `now` is monotonic."""
        return self.work.due is not None and self.work.due < now

    def interrupt(self, fate: Fate) -> None:
        """Stop the handler, if it still runs."""
        if self._handling is not None and self.fate is None:
            self.fate = fate
            self._handling.cancel()
