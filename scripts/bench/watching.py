"""Looks from outside at what workers do: waits for an answer, and reads streams without a group."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.streams.keys import stream_key

R = TypeVar("R")

_POLL = 0.02
_WITHIN = 180.0


@dataclass(frozen=True)
class Seen:
    """An entry of a stream."""

    id: str
    fields: dict[str, str]

    @property
    def at(self) -> float:
        """When it was published, by Redis's clock; seconds since the epoch."""
        return int(self.id.partition("-")[0]) / 1000

    @property
    def run_id(self) -> str:
        return self.fields["fact"].partition("/")[0]


async def until(ask: Callable[[], Awaitable[R | None]]) -> R:
    """Ask until there is an answer that is not nothing; a server that is away has none.

    Raises:
        TimeoutError: There was none for long.
    """
    async with asyncio.timeout(_WITHIN):
        while not (answer := await _asked(ask)):  # noqa: ASYNC110 - other processes work
            await asyncio.sleep(_POLL)
    return answer


async def entries(redis: Redis, stream: str, *, after: str = "-", at_least: int = 0) -> list[Seen] | None:
    """Entries of a stream, or `None` if there are too few."""
    found = cast(list[tuple[str, dict[str, str]]], await redis.xrange(stream_key(stream), min=after))
    return [Seen(id_, fields) for id_, fields in found] if len(found) >= at_least else None


async def _asked(ask: Callable[[], Awaitable[R | None]]) -> R | None:
    try:
        return await ask()
    except (RedisError, httpx.HTTPError):
        return None
