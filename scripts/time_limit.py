"""A limit of time for whatever a block does in Python: connecting, sending, waiting for an answer, sleeping.

A call that C does not return from outlasts it, such as the lookup of a name at a server that is silent.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AT_ONCE = 1e-3
"""Seconds; a timer of 0 would never go off."""


class TimeIsUp(Exception):
    """The block was ended where it stood."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """End the block when the time is up; in the main thread only, and not one within another.

    Raises:
        TimeIsUp: It was.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise TimeIsUp(f"not within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, _AT_ONCE))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
