"""What the lines of one request carry: bound while the gateway works on it, and not while the server does.

The server reads on and begins the next request of a connection inside `receive` and `send`, and what it begins there
keeps the context for good: ids that are bound then would name this request's key and meeting in the lines of others.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

_OF_THE_PROCESS = frozenset({"service"})
"""What every line carries; all else is of a request."""


def begin(**ids: str) -> None:
    """Bind the ids of a request, and nothing of another."""
    _forget()
    structlog.contextvars.bind_contextvars(**ids)


@contextmanager
def outside() -> Iterator[None]:
    """As if no request were in hand, while the block runs."""
    bound = structlog.contextvars.get_contextvars()
    _forget()
    try:
        yield
    finally:
        structlog.contextvars.bind_contextvars(**bound)


def _forget() -> None:
    others = set(structlog.contextvars.get_contextvars()) - _OF_THE_PROCESS
    structlog.contextvars.unbind_contextvars(*others)
