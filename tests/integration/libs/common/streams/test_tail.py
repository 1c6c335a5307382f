"""Followers of all streams: they miss nothing, disturb nothing, and share one reader."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from redis.asyncio import Redis

from libs.common.events import EVENTS, Event, SampleAccepted
from libs.common.outcome import PublishedEvent, Unit
from libs.common.streams.connection import connect
from libs.common.streams.course import Seen
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import stream_key
from libs.common.streams.place import Place
from libs.common.streams.tail import Began, Ended, Note, Tail
from tests.integration.line import REPORT, accepted, normalized, until

Item = Began | Seen | Note | Ended


@pytest.fixture
async def tail(redis: Redis) -> AsyncIterator[Tail]:
    tail = Tail(redis, list(EVENTS))
    yield tail
    await tail.aclose()


class Reader:
    """A follower, item by item."""

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self._items = items
        self.place = Place(0)

    async def next(self) -> Item:
        async with asyncio.timeout(20):
            item = await anext(self._items)
        if isinstance(item, Began | Seen):
            self.place = item.place
        return item

    async def runs(self, count: int) -> list[str]:
        """Of the next events; notes are passed over."""
        found: list[str] = []
        while len(found) < count:
            item = await self.next()
            assert not isinstance(item, Ended), item
            if isinstance(item, Seen):
                found.append(item.entry.publisher.run_id)
        return found


@asynccontextmanager
async def following(tail: Tail, start: Place | None = None) -> AsyncIterator[Reader]:
    async with aclosing(tail.follow(start)) as items:
        reader = Reader(items)
        assert isinstance(await reader.next(), Began)
        yield reader


async def add(redis: Redis, event: Event, entry_id: str = "*") -> str:
    """Publish an event; returns its run."""
    entry = entries_of(Unit(run_id=event.run_id, stage="accept"), (PublishedEvent.of(event),), REPORT)[0]
    names, values = entry.fields()[::2], entry.fields()[1::2]
    await redis.xadd(entry.key, dict(zip(names, values, strict=True)), id=entry_id)
    return event.run_id


async def test_everything_that_happens_is_shown_in_its_order(redis: Redis, tail: Tail) -> None:
    await add(redis, accepted())
    async with following(tail) as reader:
        first, soon = accepted(), int(time.time() * 1000) + 1000
        happened = [first, normalized(first), accepted()]
        runs = [await add(redis, one, f"{soon + number}-0") for number, one in enumerate(happened)]
        assert await reader.runs(3) == runs


async def test_a_follower_that_begins_earlier_sees_the_past_and_then_the_present(redis: Redis, tail: Tail) -> None:
    runs = [await add(redis, accepted()) for _ in range(450)]
    async with following(tail, Place(0)) as reader:
        runs.append(await add(redis, accepted()))
        assert await reader.runs(451) == runs


async def test_no_entry_is_overtaken_by_one_of_a_shorter_stream(redis: Redis, tail: Tail) -> None:
    runs = [await add(redis, accepted(), f"{number}-0") for number in range(1, 301)]
    between = accepted()
    await add(redis, normalized(between), "250-1")
    async with following(tail, Place(0)) as reader:
        assert await reader.runs(301) == [*runs[:250], between.run_id, *runs[250:]]


async def test_who_comes_again_misses_nothing_and_sees_nothing_twice(redis: Redis, tail: Tail) -> None:
    same = [accepted() for _ in range(3)]
    async with following(tail) as reader:
        await add(redis, same[0], "1000-0")
        assert await reader.runs(1) == [same[0].run_id]
        place = Place.parse(str(reader.place))
    await add(redis, same[1], "1000-1")
    await add(redis, normalized(same[2]), "1000-0")
    async with following(tail, place) as reader:
        runs = await reader.runs(2)
        assert sorted(runs) == sorted(one.run_id for one in same[1:])


async def test_ids_that_come_again_after_everything_was_flushed_are_news(redis: Redis, tail: Tail) -> None:
    async with following(tail) as reader:
        await add(redis, accepted(), "5000-0")
        await reader.runs(1)
        await redis.flushall()
        runs = [await add(redis, accepted(), "5000-0"), await add(redis, accepted(), "5000-1")]
        assert await reader.next() == Note("restarted")
        assert await reader.runs(2) == runs


async def test_a_cut_end_of_the_log_shows_nothing_again(redis: Redis, tail: Tail) -> None:
    await add(redis, accepted(), "1000-0")
    async with following(tail) as reader:
        kept = [await add(redis, accepted(), f"{number}000-0") for number in (2, 3, 4)]
        assert await reader.runs(3) == kept
        async with redis.pipeline(transaction=True) as pipe:  # as Redis starts again from a log that lacks the last two
            pipe.xrange(stream_key(SampleAccepted.stream))
            (entries,) = await pipe.execute()
        async with redis.pipeline(transaction=True) as pipe:
            pipe.delete(stream_key(SampleAccepted.stream))
            for entry_id, fields in entries[:2]:
                pipe.xadd(stream_key(SampleAccepted.stream), fields, id=entry_id)
            await pipe.execute()
        again = await add(redis, accepted(), "2500-0")
        assert await reader.next() == Note("restarted")
        assert await reader.runs(1) == [again]


async def test_trimming_is_not_noticed(redis: Redis, tail: Tail) -> None:
    async with following(tail) as reader:
        await add(redis, accepted())
        await reader.runs(1)
        await redis.xtrim(stream_key(SampleAccepted.stream), maxlen=0, approximate=False)
        run = await add(redis, accepted())
        item = await reader.next()
        assert isinstance(item, Seen)
        assert item.entry.publisher.run_id == run


async def test_a_stream_of_which_trimming_left_nothing_has_not_begun_again(redis: Redis, tail: Tail) -> None:
    async with following(tail) as reader:
        await add(redis, accepted())
        await reader.runs(1)
        await redis.xtrim(stream_key(SampleAccepted.stream), maxlen=0, approximate=False)
        for event in (normalized(accepted()), accepted()):  # at the first, all streams are looked at
            run = await add(redis, event)
            item = await reader.next()
            assert isinstance(item, Seen)
            assert item.entry.publisher.run_id == run


async def test_what_nobody_published_is_passed_over(redis: Redis, tail: Tail) -> None:
    async with following(tail) as reader:
        await redis.xadd(stream_key(SampleAccepted.stream), {"anything": "else"})
        run = await add(redis, accepted())
        assert await reader.runs(1) == [run]


async def test_who_does_not_keep_up_is_told_so_and_goes_on_where_it_ended(redis: Redis) -> None:
    tail = Tail(redis, list(EVENTS), limit=3)
    async with following(tail) as slow, following(tail) as quick:
        runs = []
        for _ in range(5):
            runs.append(await add(redis, accepted()))
            assert await quick.runs(1) == runs[-1:]
        assert await slow.runs(3) == runs[:3]
        assert await slow.next() == Ended("too_slow")
        async with following(tail, slow.place) as again:
            assert await again.runs(2) == runs[3:]
    await tail.aclose()


async def test_any_number_of_followers_share_one_connection(redis: Redis, redis_url: str) -> None:
    async with connect(redis_url, max_connections=1) as client:
        tail = Tail(client, list(EVENTS))
        async with following(tail) as one, following(tail) as two, following(tail) as three:
            run = await add(redis, accepted())
            assert [await reader.runs(1) for reader in (one, two, three)] == [[run]] * 3
        await tail.aclose()


async def blocked(redis: Redis) -> int:
    """How many clients wait for something to happen."""
    return int((await redis.info("clients"))["blocked_clients"])


async def test_nobody_reads_when_nobody_follows(redis: Redis, tail: Tail) -> None:
    async with following(tail):
        await until(lambda: blocked(redis))

    async def is_over() -> bool:
        return await blocked(redis) == 0

    await until(is_over)


async def test_followers_of_a_gateway_that_stops_are_told_so(redis: Redis, tail: Tail) -> None:
    async with following(tail) as reader:
        tail.close()
        assert await reader.next() == Ended("closing")
    async with aclosing(tail.follow()) as items:
        assert await Reader(items).next() == Ended("closing")  # and no place, from which it would be shown everything


async def test_who_comes_while_redis_is_away_is_told_so() -> None:
    async with connect("redis://127.0.0.1:1/0") as nowhere:
        tail = Tail(nowhere, list(EVENTS))
        async with aclosing(tail.follow()) as early, aclosing(tail.follow()) as late:
            assert await Reader(early).next() == Note("unavailable")
            assert await Reader(late).next() == Note("unavailable")
            tail.close()
            assert await Reader(late).next() == Ended("closing")
        await tail.aclose()


async def test_following_leaves_nothing_behind(redis: Redis, tail: Tail) -> None:
    await add(redis, accepted())
    key = stream_key(SampleAccepted.stream)
    before = await redis.dbsize(), await redis.xinfo_stream(key, full=True)
    async with following(tail, Place(0)) as reader:
        await reader.runs(1)
        assert (await redis.dbsize(), await redis.xinfo_stream(key, full=True)) == before


async def test_a_broken_connection_is_noted_and_nothing_is_missed(redis: Redis, redis_url: str) -> None:
    async with connect(redis_url) as client:
        tail = Tail(client, list(EVENTS))
        async with following(tail) as reader:
            await add(redis, accepted())
            await reader.runs(1)
            await until(lambda: blocked(redis))  # between two reads nobody would notice
            await redis.client_kill_filter(_type="normal", skipme=True)
            run = await add(redis, accepted())
            assert await reader.next() == Note("unavailable")
            assert await reader.runs(1) == [run]
        await tail.aclose()
