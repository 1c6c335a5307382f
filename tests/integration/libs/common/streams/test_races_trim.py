"""Trimming and reaping, while groups come and go and entries are read between the look and the cut."""

import pytest
from redis.asyncio import Redis

from libs.common.events import SampleAccepted
from libs.common.streams.keys import PROJECTION, marker_key, worker_key
from libs.common.streams.scripts import Scripts
from tests.integration.deliveries import GROUP, INPUT, MakeQueue, add_at, take, unit
from tests.integration.line import accepted, entry_of, publish


async def trim(redis: Redis, to: str, *markers: str, keep_ms: int = 0) -> tuple[str, int]:
    safe, trimmed = await Scripts(redis).trim(keys=[INPUT, *markers], args=[keep_ms, to, GROUP, PROJECTION])
    return str(safe), int(trimmed)


async def read_all(redis: Redis, group: str, *, is_acknowledged: bool = True) -> None:
    await redis.xreadgroup(group, "reader", {INPUT: ">"}, noack=is_acknowledged)


async def add(redis: Redis, *ids: str) -> None:
    for entry_id in ids:
        await add_at(redis, entry_of(accepted()), entry_id)


async def ids(redis: Redis) -> list[str]:
    return [str(id_) for id_, _ in await redis.xrange(INPUT) or []]


@pytest.fixture
async def groups(redis: Redis) -> None:
    for group in (GROUP, PROJECTION):
        await redis.xgroup_create(INPUT, group, id="0", mkstream=True)


@pytest.mark.usefixtures("groups")
async def test_what_every_group_has_acknowledged_goes(redis: Redis) -> None:
    await add(redis, "1-1", "1-2", "1-3")
    for group in (GROUP, PROJECTION):
        await read_all(redis, group)
    assert await trim(redis, "1-3") == ("1-3", 2)
    assert await ids(redis) == ["1-3"]


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize("behind", [GROUP, PROJECTION])
async def test_nothing_goes_past_the_group_that_is_behind(redis: Redis, behind: str) -> None:
    await add(redis, "1-1", "1-2", "1-3")
    [ahead] = {GROUP, PROJECTION} - {behind}
    await read_all(redis, ahead)
    await redis.xreadgroup(behind, "reader", {INPUT: ">"}, count=2, noack=True)
    assert await trim(redis, "1-3") == ("1-2", 0)
    assert await trim(redis, "1-2") == ("1-2", 1)
    assert await ids(redis) == ["1-2", "1-3"]


@pytest.mark.usefixtures("groups")
async def test_nothing_goes_past_an_old_entry_on_loan(redis: Redis) -> None:
    await add(redis, "1-1", "1-2", "1-3", "1-4")
    await read_all(redis, PROJECTION)
    await read_all(redis, GROUP, is_acknowledged=False)
    await redis.xack(INPUT, GROUP, "1-1", "1-3", "1-4")
    assert await trim(redis, "1-4") == ("1-2", 0)
    assert await trim(redis, "1-2") == ("1-2", 1)
    assert await ids(redis) == ["1-2", "1-3", "1-4"]


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(("read", "on_loan", "to"), [("9-1", "10-1", "9-5"), ("5-8", "5-10", "5-9")])
async def test_ids_are_compared_as_numbers(redis: Redis, read: str, on_loan: str, to: str) -> None:
    await add(redis, read, on_loan)
    await read_all(redis, PROJECTION)
    await read_all(redis, GROUP, is_acknowledged=False)
    await redis.xack(INPUT, GROUP, read)
    assert await trim(redis, to) == (on_loan, 1)


@pytest.mark.usefixtures("groups")
async def test_young_entries_stay_although_everybody_has_read_them(redis: Redis) -> None:
    await add(redis, "1-1", "*")
    old, young = await ids(redis)
    for group in (GROUP, PROJECTION):
        await read_all(redis, group)
    assert (await trim(redis, young, keep_ms=60_000))[1] == 0
    safe, _ = await trim(redis, "", keep_ms=60_000)
    assert (await trim(redis, "2-0", keep_ms=60_000))[1] == 1
    assert await ids(redis) == [young]
    assert int(old.split("-")[0]) < int(safe.split("-")[0]) < int(young.split("-")[0])


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize("missing", [GROUP, PROJECTION])
async def test_a_group_that_is_destroyed_between_the_look_and_the_cut_keeps_everything(
    redis: Redis, missing: str
) -> None:
    event = accepted()
    await add(redis, "1-1", "1-2")
    await redis.set(marker_key(unit(event).id), "kept")
    for group in (GROUP, PROJECTION):
        await read_all(redis, group)
    safe, _ = await trim(redis, "")
    await redis.xgroup_destroy(INPUT, missing)
    assert await trim(redis, safe, marker_key(unit(event).id)) == (f"missing {missing}", 0)
    assert await redis.exists(marker_key(unit(event).id)), "its entry is still there"
    assert await ids(redis) == ["1-1", "1-2"]


@pytest.mark.usefixtures("groups")
async def test_a_group_that_is_made_again_between_the_look_and_the_cut_reads_everything(
    redis: Redis, make_queue: MakeQueue
) -> None:
    marker = marker_key("run/unit")
    await add(redis, "1-1", "1-2")
    await redis.set(marker, "kept")
    for group in (GROUP, PROJECTION):
        await read_all(redis, group)
    safe, _ = await trim(redis, "")
    await redis.xgroup_destroy(INPUT, GROUP)
    queue = make_queue("one")
    await queue.ensure_group()
    assert await trim(redis, safe, marker) == ("0-0", 0)
    assert await redis.exists(marker)
    assert (await take(queue)).id == "1-1"


@pytest.mark.usefixtures("groups")
async def test_a_group_that_nobody_requires_holds_nothing_up(redis: Redis) -> None:
    await add(redis, "1-1", "1-2")
    await redis.xgroup_create(INPUT, "somebody-debugging", id="0")
    for group in (GROUP, PROJECTION):
        await read_all(redis, group)
    assert await trim(redis, "1-2") == ("1-2", 1)


@pytest.mark.usefixtures("groups")
async def test_a_marker_goes_only_with_its_entry(redis: Redis) -> None:
    gone, kept = marker_key("gone/unit"), marker_key("kept/unit")
    await add(redis, "1-1", "1-2")
    await redis.mset({gone: "1", kept: "1"})
    await read_all(redis, GROUP)
    await trim(redis, "1-2", gone, kept)
    assert await redis.exists(gone, kept) == 2, "the projection has not read their entries"
    await read_all(redis, PROJECTION)
    await trim(redis, "1-2", gone)
    assert (await redis.exists(gone), await redis.exists(kept)) == (0, 1)


async def reap(redis: Redis, *names: str) -> int:
    keys = [INPUT, *(worker_key(name) for name in names)]
    return int(await Scripts(redis).reap(keys=keys, args=[GROUP, *names]))


async def consumers(redis: Redis) -> set[str]:
    return {str(one["name"]) for one in await redis.xinfo_consumers(INPUT, GROUP)}


async def test_a_consumer_that_gets_an_entry_between_the_look_and_the_reaping_stays(
    redis: Redis, make_queue: MakeQueue, event: SampleAccepted
) -> None:
    idle = make_queue("idle")
    await idle.ensure_group()
    await idle.read(1, block=0.001)
    await publish(redis, event)
    held = await take(idle)
    assert await reap(redis, "idle") == 0
    assert await idle.renew([(held, event.run_id)]) == ["held"]


async def test_a_consumer_that_came_after_the_look_stays(redis: Redis, make_queue: MakeQueue) -> None:
    queue = make_queue("came-later")
    await queue.ensure_group()
    await queue.read(1, block=0.001)
    await redis.xgroup_createconsumer(INPUT, GROUP, "dead")
    await redis.xgroup_createconsumer(INPUT, GROUP, "came-later")
    assert await reap(redis, "dead") == 1
    assert await consumers(redis) == {"came-later"}


async def test_a_consumer_that_gives_a_sign_of_life_between_the_look_and_the_reaping_stays(
    redis: Redis, make_queue: MakeQueue
) -> None:
    await make_queue("any").ensure_group()
    for name in ("late", "dead"):
        await redis.xgroup_createconsumer(INPUT, GROUP, name)
    await redis.set(worker_key("late"), "{}")
    assert await reap(redis, "late", "dead") == 1
    assert await consumers(redis) == {"late"}


@pytest.mark.usefixtures("groups")
async def test_a_group_that_is_destroyed_before_the_reaping_is_no_error(redis: Redis) -> None:
    await redis.xgroup_destroy(INPUT, GROUP)
    assert await reap(redis, "dead") == 0


async def test_only_a_runs_own_entries_are_erased_and_the_stretch_has_an_end(redis: Redis) -> None:
    event, other = accepted(), accepted()
    for number in range(1, 5):
        await add_at(redis, entry_of(event), f"{number}-1")
        await add_at(redis, entry_of(other), f"{number}-2")

    async def erase(first: str, last: str, *, limit: int) -> tuple[list[str], str]:
        facts, end = await Scripts(redis).erase(keys=[INPUT], args=[first, last, limit, f"{event.run_id}/"])
        return facts, end

    mine = entry_of(event).fact
    assert await erase("1-1", "3-9", limit=4) == ([mine, mine], "2-2")
    assert await erase("(2-2", "3-9", limit=4) == ([mine], "")
    assert await ids(redis) == ["1-2", "2-2", "3-2", "4-1", "4-2"]
