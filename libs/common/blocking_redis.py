"""A Redis client for blocking code in an engine's child process; services themselves use `streams.connection`."""

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from libs.common.redis_address import checked_address

SOCKET_TIMEOUT = 2.0
"""Short, because whoever asks from a child process can go on without an answer."""


def connect_blocking(url: str) -> Redis:
    """A client that repeats no command by itself.

    Raises:
        InvalidSettings: The address is none of a Redis.
    """
    with checked_address():
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=8,
            timeout=SOCKET_TIMEOUT,
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=SOCKET_TIMEOUT,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
    return Redis.from_pool(pool)
