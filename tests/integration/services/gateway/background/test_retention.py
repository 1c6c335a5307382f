"""Meetings go by their age, each once, and never under a run in progress."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from services.gateway.background.retention import Retention
from services.gateway.deletion import Deletion
from services.gateway.gateway import Gateway
from tests.integration.interleaving import interleaved, once
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting

DAYS = 30.0
OLD, YOUNG = timedelta(days=31), timedelta(days=29)


def retention(gateway: Gateway, days: float | None = DAYS) -> Retention:
    return Retention(gateway.database, gateway.deletion, days)


async def meeting(gateway: Gateway, *ended: timedelta | None, status: str = "completed") -> UUID:
    """A meeting with runs that ended that long ago; None: one that goes on."""
    meeting_id = uuid4()
    await gateway.database.execute(
        "INSERT INTO meetings (id, workspace, title, upload_key, size_bytes, created_at)"
        " VALUES ($1, 'default', 'Weekly', 'k', 1, now() - interval '1 year')",
        meeting_id,
    )
    for one in ended:
        await begin_run(gateway, meeting_id, one, status=status)
    return meeting_id


async def begin_run(gateway: Gateway, meeting_id: UUID, ended: timedelta | None, *, status: str = "completed") -> None:
    await gateway.database.execute(
        "INSERT INTO runs (id, workspace, meeting_id, folder, status, ended_at)"
        " VALUES (gen_random_uuid(), 'default', $1, 'f', $2, now() - $3::interval)",
        meeting_id,
        status if ended else "processing",
        ended,
    )


async def left(gateway: Gateway) -> set[UUID]:
    return {row["id"] for row in await gateway.database.fetch("SELECT id FROM meetings WHERE deleted_at IS NULL")}


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_what_ended_long_ago_goes_and_what_did_not_stays(gateway: Gateway, status: str) -> None:
    await meeting(gateway, OLD, status=status)
    young = await meeting(gateway, YOUNG, status=status)
    assert await retention(gateway).apply() == 1
    assert await left(gateway) == {young}


@pytest.mark.parametrize("newest", [None, YOUNG])
async def test_the_newest_run_decides(gateway: Gateway, newest: timedelta | None) -> None:
    replayed = await meeting(gateway, OLD, newest)
    assert await retention(gateway).apply() == 0
    assert await left(gateway) == {replayed}


async def test_without_a_limit_everything_stays(gateway: Gateway) -> None:
    kept = await meeting(gateway, timedelta(days=9999))
    assert await retention(gateway, None).apply() == 0
    assert await left(gateway) == {kept}


async def test_one_pass_deletes_all_of_them(gateway: Gateway) -> None:
    for _ in range(120):
        await meeting(gateway, OLD)
    assert await retention(gateway).apply() == 120
    assert await left(gateway) == set()


async def test_gateways_that_do_it_at_once_delete_each_meeting_once(gateway: Gateway) -> None:
    for _ in range(20):
        await meeting(gateway, OLD)
    assert sum(await asyncio.gather(*(retention(gateway).apply() for _ in range(3)))) == 20
    assert await left(gateway) == set()
    [row] = await gateway.database.fetch("SELECT count(*), count(DISTINCT meeting_id) AS meetings FROM erasures")
    assert (row["count"], row["meetings"]) == (20, 20)


async def test_a_replay_that_begins_after_the_look_keeps_its_meeting(gateway: Gateway) -> None:
    replayed = await meeting(gateway, OLD)
    begin = once(lambda: begin_run(gateway, replayed, None))
    late = interleaved(gateway.deletion, before={"delete_expired": begin})
    assert await Retention(gateway.database, late, DAYS).apply() == 0
    assert await left(gateway) == {replayed}


async def test_a_replay_that_is_being_written_is_not_waited_for(gateway: Gateway) -> None:
    replayed, _ = await meeting(gateway, OLD), await meeting(gateway, OLD)
    async with gateway.database.transaction() as connection:
        await connection.execute("SELECT FROM meetings WHERE id = $1 FOR NO KEY UPDATE", replayed)
        await asyncio.wait_for(retention(gateway).apply(), 10)
        assert await left(gateway) == {replayed}
        await connection.execute(
            "INSERT INTO runs (id, workspace, meeting_id, folder) VALUES (gen_random_uuid(), 'default', $1, 'f')",
            replayed,
        )
    assert await retention(gateway).apply() == 0
    assert await left(gateway) == {replayed}


async def test_a_meeting_goes_by_age_as_it_goes_on_request(client: httpx.AsyncClient, gateway: Gateway) -> None:
    by_age, on_request = await worked(client, gateway), await worked(client, gateway)
    await gateway.database.execute("UPDATE meetings SET created_at = now() - interval '1 year'")
    await gateway.database.execute(
        "UPDATE runs SET ended_at = now() - $2::interval WHERE id = $1", UUID(by_age.run_id), OLD
    )
    await client.delete(f"/api/meetings/{on_request.meeting_id}")
    assert await retention(gateway).apply() == 1
    assert await gateway.store.list("") == []
    assert (await client.get(f"/api/meetings/{by_age.meeting_id}/status")).status_code == 404
    rows = await gateway.database.fetch("SELECT title, filename, current_run_id IS NULL AS is_shown FROM meetings")
    assert len({tuple(row) for row in rows}) == 1
    assert await gateway.database.fetch("SELECT FROM facts") == []


async def test_a_store_that_is_away_delays_the_objects_only(gateway: Gateway, client: httpx.AsyncClient) -> None:
    old = await worked(client, gateway)
    await gateway.database.execute("UPDATE meetings SET created_at = now() - interval '1 year'")
    await gateway.database.execute("UPDATE runs SET ended_at = now() - $1::interval", OLD)

    async def refuse() -> None:
        raise OSError("no answer")

    erasures = interleaved(gateway.erasures, before={"remove_objects": refuse})
    away = Retention(gateway.database, Deletion(gateway.database, gateway.redis, erasures), DAYS)
    assert await away.apply() == 1
    assert await gateway.store.list(f"meetings/{old.meeting_id}/")
    await gateway.erasures.repeat()
    assert await gateway.store.list("") == []


async def worked(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    made = await accept_meeting(client, gateway)
    await made.transcribe()
    await made.end("completed")
    return made
