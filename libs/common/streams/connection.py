"""The one place where the services' Redis client is configured."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from libs.common.redis_address import checked_address

SOCKET_TIMEOUT = 5.0
BLOCK = 2.0
"""Seconds that a read may wait; well below the socket timeout, which would break it."""


def connect(url: str, *, max_connections: int = 64) -> Redis:
    """A client that waits for a free connection and repeats no command by itself: a repeated XADD is a duplicate.

    Raises:
        InvalidSettings: The address is none of a Redis.
    """
    with checked_address():
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
    return Redis.from_pool(pool)
