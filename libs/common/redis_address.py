"""Refuses an address that is none of a Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from libs.common.errors import InvalidSettings


@contextmanager
def checked_address() -> Iterator[None]:
    """Say of what redis-py raises for an address that it is `REDIS_URL`.

    Raises:
        InvalidSettings: The address is none of a Redis.
    """
    try:
        yield
    except ValueError:
        # Not `from error`, which quotes what it takes for the port: that may be a piece of the password.
        raise InvalidSettings(
            "REDIS_URL is no address of a Redis: set it to one such as redis://127.0.0.1:6379/0"
        ) from None
