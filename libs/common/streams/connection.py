"""The one place where a Redis client is configured."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from libs.common.errors import InvalidSettings

SOCKET_TIMEOUT = 5.0
BLOCK = 2.0
"""Seconds that a read may wait; well below the socket timeout, which would break it."""


def connect(url: str, *, max_connections: int = 64) -> Redis:
    """A client that waits for a free connection and repeats no command by itself: a repeated XADD is a duplicate.

    Raises:
        InvalidSettings: The address is none of a Redis.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=10.0,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
    except ValueError:
        # Not `from error`, which quotes what it takes for the port: that may be a piece of the password.
        raise InvalidSettings("REDIS_URL is no address of a Redis, such as redis://127.0.0.1:6379/0") from None
    return Redis.from_pool(pool)
