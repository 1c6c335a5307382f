"""What waits is counted to the last entry, whatever Redis knows itself, by looks that read little of it."""

import asyncio

import pytest
from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.keys import stream_key
from libs.common.streams.monitor import backlog
from libs.common.streams.scripts import Scripts
from libs.common.streams.unread import NEW_PAGES, PAGE
from tests.integration.deliveries import GROUP, INPUT

MANY = 12 * PAGE + 345


async def add(redis: Redis, number: int, *, since: int = 1) -> None:
    """Entries of the ids `since`-1 and on, as small as they can be."""
    script = "for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], ARGV[2] + i - 1 .. '-1', 'fact', 'f') end"
    await redis.eval(script, 1, INPUT, str(number), str(since))


async def read(redis: Redis, number: int) -> None:
    await redis.xreadgroup(GROUP, "one", {INPUT: ">"}, count=number)


async def waiting(scripts: Scripts) -> int:
    return (await backlog(scripts, stream=SampleAccepted.stream, group=GROUP)).unread


@pytest.fixture
async def scripts(redis: Redis) -> Scripts:
    """Of a process that has looked at many entries."""
    await redis.xgroup_create(INPUT, GROUP, id="0", mkstream=True)
    await add(redis, MANY)
    found = Scripts(redis)
    assert await waiting(found) == MANY
    return found


async def test_what_came_and_what_was_read_since_counts(redis: Redis, scripts: Scripts) -> None:
    await add(redis, PAGE + 1, since=MANY + 1)
    await read(redis, PAGE // 2)
    assert await waiting(scripts) == MANY + PAGE + 1 - PAGE // 2
    await read(redis, 5 * PAGE)
    assert await waiting(scripts) == MANY + PAGE + 1 - PAGE // 2 - 5 * PAGE
    await read(redis, 2 * MANY)
    assert await waiting(scripts) == 0
    await add(redis, 2, since=2 * MANY)
    assert await waiting(scripts) == 2


async def test_two_processes_count_the_same(redis: Redis, scripts: Scripts) -> None:
    await read(redis, 7 * PAGE + 7)
    assert await waiting(scripts) == await waiting(Scripts(redis)) == MANY - 7 * PAGE - 7


async def test_what_is_deleted_before_it_is_read_is_noticed_within_a_few_looks(redis: Redis, scripts: Scripts) -> None:
    erased = [f"{one}-1" for one in range(PAGE // 2, MANY, PAGE)]
    await redis.xdel(INPUT, *erased)
    assert [await waiting(scripts) for _ in range(3)][-1] == MANY - len(erased)


async def test_a_stream_that_was_emptied_and_filled_again_is_counted_anew(redis: Redis, scripts: Scripts) -> None:
    await redis.flushall()
    await add(redis, PAGE + 7, since=MANY + 1)
    assert await waiting(scripts) == PAGE + 7


async def test_a_group_that_was_made_again_has_everything_before_it(redis: Redis, scripts: Scripts) -> None:
    await read(redis, 2 * PAGE)
    assert await waiting(scripts) == MANY - 2 * PAGE
    await redis.xgroup_destroy(INPUT, GROUP)
    assert await waiting(scripts) == MANY


async def test_looks_at_the_same_time_agree(redis: Redis, scripts: Scripts) -> None:
    await read(redis, 3 * PAGE)
    assert set(await asyncio.gather(*(waiting(scripts) for _ in range(5)))) == {MANY - 3 * PAGE}


async def test_a_look_reads_a_few_pages_however_much_waits(redis: Redis, scripts: Scripts) -> None:
    await redis.config_resetstat()
    assert await waiting(scripts) == MANY
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] <= 7


async def test_a_process_that_begins_at_a_mountain_has_climbed_it_after_some_looks(redis: Redis) -> None:
    await redis.xgroup_create(INPUT, GROUP, id="0", mkstream=True)
    everything = NEW_PAGES * PAGE + 2 * PAGE
    await add(redis, everything)
    scripts = Scripts(redis)
    first = await scripts.unread.of(stream_key(SampleAccepted.stream), GROUP)
    assert first == NEW_PAGES * PAGE
    assert await waiting(scripts) == everything
