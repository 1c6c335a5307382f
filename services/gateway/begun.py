"""The runs that the request in hand begins: its line in the log and its spans belong to them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog


@dataclass(frozen=True)
class Begun:
    """A run."""

    run_id: str
    subject: Mapping[str, str]
    """Its ids by their names in the log: its own, and that of the meeting or of the sample."""

    origin_run_id: str | None = None
    """The run that it works again."""


_noted: ContextVar[list[Begun] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[list[Begun]]:
    """What is noted while the block runs."""
    found: list[Begun] = []
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)


def note(begun: Begun) -> None:
    """Say that the request begins a run."""
    found = _noted.get()
    if found is None:
        return
    found.append(begun)
    if len(found) == 1:
        structlog.contextvars.bind_contextvars(**begun.subject)
    else:  # the request is about none of them alone
        structlog.contextvars.unbind_contextvars(*begun.subject)
