"""Follows all streams as things happen: one reader for any number of followers."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.streams.course import Course, Seen
from libs.common.streams.place import Place

_BLOCK = 1.0
_PAUSE = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Began:
    """The first that a follower is given: where it begins."""

    place: Place


@dataclass(frozen=True)
class Note:
    """Something that a follower should know of what it is shown."""

    reason: Literal["unavailable", "restarted"]
    """`unavailable`: Redis does not answer. `restarted`: a stream has lost what it held, and began again."""


@dataclass(frozen=True)
class Ended:
    """The last that a follower is given; it goes on from the place of the last entry."""

    reason: Literal["too_slow", "closing", "unavailable"]


@dataclass(frozen=True)
class _Beginning:
    """From here on a follower is given everything."""

    place: Place
    last: Mapping[str, str]
    """Stream → the entry after which that is."""


class Tail:
    """Reads while somebody follows, over one connection."""

    def __init__(self, redis: Redis, streams: Sequence[str], *, limit: int = 1000) -> None:
        """`limit`: how many entries may wait for one follower before it is dropped."""
        self._course = Course(redis, streams)
        self._limit = limit
        self._followers: set[_Follower] = set()
        self._reading: asyncio.Task[None] | None = None
        self._is_away = False
        self._is_closing = False

    async def follow(self, start: Place | None = None) -> AsyncGenerator[Began | Seen | Note | Ended, None]:
        """Everything behind `start`, in order; without one, everything that happens from now on.

        A follower that ends before Redis has said where it begins is given no place.
        """
        follower = self._join()
        try:
            while not isinstance(item := await follower.next(), Ended):
                if not isinstance(item, _Beginning):
                    yield item
                    continue
                yield Began(start or item.place)
                if start is not None:
                    async for seen in self._course.past(start, item.last):
                        yield seen
            yield item
        except (RedisError, OSError):
            yield Ended("unavailable")
        finally:
            self._followers.discard(follower)

    def close(self) -> None:
        """End all followers."""
        self._is_closing = True
        for follower in self._followers:
            follower.end("closing")

    async def aclose(self) -> None:
        """End all followers, and the reading."""
        self.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _join(self) -> "_Follower":
        follower = _Follower(self._limit)
        self._followers.add(follower)
        if self._is_closing:
            follower.end("closing")
        elif self._reading is None or self._reading.done():
            self._course.last = {}
            self._reading = asyncio.create_task(self._read())
        elif self._course.last:
            follower.begin(self._course.place, self._course.last)
        if self._is_away:
            follower.give(Note("unavailable"))
        return follower

    async def _read(self) -> None:
        self._is_away = False
        try:
            while self._followers:
                try:
                    await self._read_once()
                    self._is_away = False
                except (RedisError, OSError) as error:
                    _log.warning("the streams cannot be followed", error=str(error))
                    if not self._is_away:
                        self._tell(Note("unavailable"))
                    self._is_away = True
                    await asyncio.sleep(_PAUSE)
        finally:
            for follower in self._followers:
                follower.end("closing")

    async def _read_once(self) -> None:
        if not self._course.last:
            await self._course.begin()
            for follower in self._followers:
                follower.begin(self._course.place, self._course.last)
        page, is_restarted = await self._course.next_page()
        if is_restarted:
            self._tell(Note("restarted"))
        for seen in page:
            self._tell(seen)
        if not page and not is_restarted:
            await self._course.wait(_BLOCK)

    def _tell(self, item: Seen | Note) -> None:
        for follower in list(self._followers):
            if not follower.give(item):
                self._followers.discard(follower)


class _Follower:
    """What waits for one follower."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: asyncio.Queue[_Beginning | Seen | Note | Ended] = asyncio.Queue()

    def begin(self, place: Place, last: Mapping[str, str]) -> None:
        """From here on it is given everything."""
        self._waiting.put_nowait(_Beginning(place, dict(last)))

    def give(self, item: Seen | Note) -> bool:
        """False if it did not keep up: then it gets the end instead."""
        if self._waiting.qsize() >= self._limit:
            self.end("too_slow")
            return False
        self._waiting.put_nowait(item)
        return True

    def end(self, reason: Literal["too_slow", "closing"]) -> None:
        self._waiting.put_nowait(Ended(reason))

    async def next(self) -> _Beginning | Seen | Note | Ended:
        return await self._waiting.get()
