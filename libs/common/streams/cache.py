"""The cache in Redis. Redis out of reach is a miss, never an error."""

import base64

from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.streams.keys import cache_key


class RedisCache:
    """A `Cache` that forgets what it cannot keep."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, key: str) -> bytes | None:
        try:
            value = await self._redis.get(cache_key(key))
        except (RedisError, OSError):
            return None
        return None if value is None else base64.b64decode(str(value))

    async def set(self, key: str, value: bytes, *, lifetime: float) -> None:
        try:
            await self._redis.set(cache_key(key), base64.b64encode(value).decode(), px=max(1, int(lifetime * 1000)))
        except (RedisError, OSError):
            return

    async def delete(self, key: str) -> None:
        """Forget a value; unlike the others, this is reported: what must be erased has to be gone.

        Raises:
            RedisError: Redis did not answer.
        """
        await self._redis.delete(cache_key(key))
