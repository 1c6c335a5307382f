"""How far an engine has come with the unit in hand.

An engine calls `report`; its process forwards the fraction to the worker, which shows it in the status and
takes a long silence for a stall.
"""

from collections.abc import Callable

_sinks: list[Callable[[float], None]] = []


def report(fraction: float) -> None:
    """Say that `fraction` (0 to 1) of the unit in hand is done; every call counts as a sign of life."""
    for sink in _sinks:
        sink(min(1.0, max(0.0, fraction)))


def listen(sink: Callable[[float], None]) -> None:
    """Send every later report of this process to `sink`."""
    _sinks.append(sink)
