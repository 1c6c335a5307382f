"""What is counted as work when groups and entries go."""

from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.monitor import backlog
from libs.common.streams.scripts import Scripts
from tests.integration.deliveries import GROUP, INPUT, MakeQueue, add_at, take
from tests.integration.line import accepted, entry_of


async def add(redis: Redis, *ids: str) -> None:
    for entry_id in ids:
        await add_at(redis, entry_of(accepted()), entry_id)


async def test_a_group_that_is_destroyed_has_everything_before_it(redis: Redis, make_queue: MakeQueue) -> None:
    await add(redis, "1-1", "1-2", "1-3")
    await take(make_queue("one"))
    await redis.xgroup_destroy(INPUT, GROUP)
    found = await backlog(Scripts(redis), stream=SampleAccepted.stream, group=GROUP)
    assert (found.unread, found.pending) == (3, 0)


async def test_entries_that_were_removed_are_no_backlog(redis: Redis, make_queue: MakeQueue) -> None:
    await add(redis, "1-1", "1-2", "1-3")
    await redis.xdel(INPUT, "1-2")
    await take(make_queue("one"))
    found = await backlog(Scripts(redis), stream=SampleAccepted.stream, group=GROUP)
    assert (found.unread, found.pending) == (1, 1)
    await redis.xtrim(INPUT, maxlen=0)
    found = await backlog(Scripts(redis), stream=SampleAccepted.stream, group=GROUP)
    assert found.unread == 0, "what is on loan is gone too, and nobody counts it as unread"
