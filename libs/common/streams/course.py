"""Reads all streams in the order in which things happened, without a group: Redis keeps nothing for such a reader.

Entry ids can repeat after FLUSHALL, and the end of the log can be lost when Redis starts again. So the reader knows
its last entries by their facts, and looks in the same transaction as it reads whether the newest is still there.
"""

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from libs.common.streams.entry import Entry
from libs.common.streams.keys import stream_key
from libs.common.streams.place import Place, id_parts

_AT_ONCE = 200
_MARKS = 64

Raw = tuple[str, dict[str, str]]
"""Id and fields of an entry."""


@dataclass(frozen=True)
class Seen:
    """An entry, and the place from which reading goes on after it."""

    stream: str
    entry_id: str
    entry: Entry
    place: Place


@dataclass(frozen=True)
class _Found:
    """An entry as it lies in its stream."""

    stream: str
    entry_id: str
    fields: dict[str, str]

    @property
    def order(self) -> tuple[int, int]:
        return id_parts(self.entry_id)

    @property
    def fact(self) -> str:
        return self.fields.get("fact", "")

    def seen(self, place: Place) -> Seen | None:
        """`None` for what was not published by Hansard."""
        try:
            entry = Entry.parse(stream_key(self.stream), self.fields)
            _ = entry.publisher
        except ValueError:
            return None
        return Seen(self.stream, self.entry_id, entry, place)


class Course:
    """Reads on from the end of all streams."""

    def __init__(self, redis: Redis, streams: Sequence[str]) -> None:
        self._redis = redis
        self._streams = tuple(streams)
        self.place = Place(0)
        self._marks: dict[str, deque[_Found]] = {}
        self.last: dict[str, str] = {}
        """Stream → the id of the entry that was read last; empty until `begin`."""

    async def begin(self) -> None:
        """Go to the end of all streams."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for stream in self._streams:
                pipe.xrevrange(stream_key(stream), count=1)
            answers = cast(list[list[Raw]], await pipe.execute())
        self.place = Place(0)
        self._marks = {stream: deque(maxlen=_MARKS) for stream in self._streams}
        last = dict.fromkeys(self._streams, "0-0")
        for found in _in_order(dict(zip(self._streams, answers, strict=True))):
            self._mark(found)
            last[found.stream] = found.entry_id
        self.last = last

    async def next_page(self) -> tuple[list[Seen], bool]:
        """What has happened meanwhile, and whether a stream has lost what it held and began again."""
        page, lost = await self._take()
        restarted = [await self._find_again(stream) for stream in lost]
        if lost:
            return [], any(restarted)
        seen: list[Seen] = []
        for found in page:
            self._mark(found)
            self.last[found.stream] = found.entry_id
            if (one := found.seen(self.place)) is not None:
                seen.append(one)
        return seen, False

    async def wait(self, seconds: float) -> None:
        """Until something happens, or until the time is over."""
        last = cast(
            dict[str | bytes | memoryview, int | str | bytes | memoryview],
            {stream_key(stream): entry_id for stream, entry_id in self.last.items()},
        )
        await self._redis.xread(last, count=1, block=int(seconds * 1000))

    async def past(self, start: Place, until: Mapping[str, str]) -> AsyncIterator[Seen]:
        """What lies behind a place, up to and with the entries that `until` names."""
        place, last = start, {stream: start.last_id(stream) for stream in until}
        while True:
            async with self._redis.pipeline(transaction=True) as pipe:
                for stream, end in until.items():
                    pipe.xrange(stream_key(stream), f"({last[stream]}", end, count=_AT_ONCE)
                answers = cast(list[list[Raw]], await pipe.execute())
            page = _in_order(dict(zip(until, answers, strict=True)))
            if not page:
                return
            for found in page:
                place, last[found.stream] = place.after(found.stream, found.entry_id), found.entry_id
                if (one := found.seen(place)) is not None:
                    yield one

    def _mark(self, found: _Found) -> None:
        self._marks[found.stream].append(found)
        self.place = self.place.after(found.stream, found.entry_id)

    async def _take(self) -> tuple[list[_Found], list[str]]:
        """What comes next, and the streams whose last known entry is no longer there."""
        marks = [marks[-1] for marks in self._marks.values() if marks]
        async with self._redis.pipeline(transaction=True) as pipe:
            for mark in marks:
                pipe.xrange(stream_key(mark.stream), mark.entry_id, mark.entry_id)
            for stream in self._streams:
                pipe.xrange(stream_key(stream), f"({self.last[stream]}", "+", count=_AT_ONCE)
            answers = cast(list[list[Raw]], await pipe.execute())
        lost = [mark.stream for mark, found in zip(marks, answers, strict=False) if not _is_there(mark, found)]
        return _in_order(dict(zip(self._streams, answers[len(marks) :], strict=True))), lost

    async def _find_again(self, stream: str) -> bool:
        """Go on after the newest entry that is known and there; False if it was only trimmed that none is."""
        marks, key = self._marks[stream], stream_key(stream)
        oldest = await self._oldest_possible(key)
        if oldest is not None and oldest > marks[-1].order:
            marks.clear()
            return False
        while marks:
            mark = marks[-1]
            if _is_there(mark, cast(list[Raw], await self._redis.xrange(key, mark.entry_id, mark.entry_id) or [])):
                self.last[stream] = mark.entry_id
                return True
            marks.pop()
        self.last[stream] = "0-0"
        return True

    async def _oldest_possible(self, key: str) -> tuple[int, int] | None:
        """The id of the oldest entry, or the least that the next one can have; `None` without a stream."""
        try:
            stream = await self._redis.xinfo_stream(key)
        except ResponseError:
            return None
        milliseconds, number = id_parts(stream["last-generated-id"])
        return id_parts(stream["first-entry"][0]) if stream["first-entry"] else (milliseconds, number + 1)


def _is_there(mark: _Found, found: Sequence[Raw]) -> bool:
    return [fields.get("fact", "") for _, fields in found] == [mark.fact]


def _in_order(answers: Mapping[str, Sequence[Raw]]) -> list[_Found]:
    """The entries of all streams, oldest first, as far as it is known that none is missing between them."""
    found = [_Found(stream, id_, fields) for stream, entries in answers.items() for id_, fields in entries]
    ends = [id_parts(entries[-1][0]) for entries in answers.values() if len(entries) == _AT_ONCE]
    return sorted((one for one in found if not ends or one.order <= min(ends)), key=lambda one: one.order)
