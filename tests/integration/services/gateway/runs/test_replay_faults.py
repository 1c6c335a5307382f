"""A replay beside deletions, losses and gateways of the release before."""

import asyncio
from uuid import UUID

import httpx
import pytest

from libs.common.events import AudioNormalized, MinutesWritten, SpeakersMatched, SpeechDiarized, TranscriptAssembled
from libs.common.streams.keys import stream_key
from tests.integration.line import REPORT, until
from tests.integration.services.gateway.meeting_rows import SPEAKER
from tests.integration.services.gateway.replays import (
    current,
    facts,
    finish_minutes,
    has_ended,
    published,
    refused,
    replay,
)
from tests.integration.services.gateway.rows import background, is_acknowledged, publish_as, wait_for_lock
from tests.integration.services.gateway.worked_meeting import CHUNKS, PERSONAS, WorkedMeeting


async def test_a_place_that_the_projection_of_the_release_before_left_is_taken_by_the_next_pass(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    await new.end("completed")  # as it did
    gateway = new.gateway
    await background(gateway.database, gateway.redis, gateway.store).reconciler.reconcile()
    assert await current(client, meeting) == new.run_id
    await client.put(f"/api/meetings/{meeting.meeting_id}/runs/current", json={"run_id": meeting.run_id})
    await background(gateway.database, gateway.redis, gateway.store).reconciler.reconcile()
    assert await current(client, meeting) == meeting.run_id


async def test_a_replay_that_completes_while_its_meeting_is_deleted_waits_for_the_deletion(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    gateway = new.gateway
    parts = background(gateway.database, gateway.redis, gateway.store)
    for persona in PERSONAS:
        written = MinutesWritten(**new.subject, persona=persona, minutes_key="minutes")
        await publish_as(gateway.redis, written, "summarize", part=persona)
    async with gateway.database.transaction() as connection:
        await connection.execute("UPDATE meetings SET deleted_at = now()")
        projecting_it = asyncio.create_task(parts.projection.run())
        await wait_for_lock(gateway.database)
        await connection.execute("SELECT FROM runs FOR UPDATE NOWAIT")  # refused, if the run had been locked first
    await until(lambda: is_acknowledged(gateway.redis, MinutesWritten))
    parts.projection.close()
    await projecting_it
    assert not await has_ended(new.gateway, new.run_id)


async def test_a_deleted_meeting_is_not_replayed(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    code, problem = await refused(client, meeting, "match")
    assert (code, problem["code"]) == (404, "meeting_not_found")


async def test_a_replay_that_waits_for_a_deletion_finds_no_meeting_and_leaves_nothing(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    database = meeting.gateway.database
    async with database.transaction() as connection:
        await connection.execute("UPDATE meetings SET deleted_at = now()")
        waiting = asyncio.create_task(refused(client, meeting, "match"))
        await wait_for_lock(database)
    code, problem = await waiting
    assert (code, problem["code"]) == (404, "meeting_not_found")
    assert len({key.split("/")[2] for key in await meeting.gateway.store.list("meetings/") if "request" in key}) == 1
    assert len(await database.fetch("SELECT FROM runs")) == 1


async def test_a_deletion_takes_the_runs_of_replays_along(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    await replay(client, meeting, "match")
    receipt = (await client.delete(f"/api/meetings/{meeting.meeting_id}")).json()
    assert receipt["runs"] == 2
    assert await meeting.gateway.store.list(f"meetings/{meeting.meeting_id}/") == []


async def test_erasing_a_speaker_finds_the_embeddings_that_a_replay_reuses(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "transcribe")
    database = new.gateway.database
    row = await database.fetch_one("SELECT speaker_id, embedding_key FROM labels WHERE run_id = $1", UUID(new.run_id))
    assert row is not None
    assert (str(row["speaker_id"]), row["embedding_key"]) == (SPEAKER, "embedding")
    rematched = await replay(client, meeting, "match")
    assert await database.fetch("SELECT FROM labels WHERE run_id = $1", UUID(rematched.run_id)) == []


@pytest.mark.parametrize(
    ("stage", "event"), [("diarize", AudioNormalized), ("match", SpeechDiarized), ("transcribe", SpeakersMatched)]
)
async def test_a_replay_whose_events_redis_lost_is_put_back_and_nothing_that_is_reused_is_worked(
    client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, event: type[AudioNormalized]
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, stage)
    gateway = new.gateway
    await published(new)
    await gateway.redis.flushall()
    reconciler = background(gateway.database, gateway.redis, gateway.store).reconciler
    assert [await reconciler.reconcile(), await reconciler.reconcile()] == [1, 0]
    assert [key async for key in gateway.redis.scan_iter("*.v1")] == [stream_key(event.stream)]


async def test_the_minutes_of_a_replay_are_put_back_each_once(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    gateway = new.gateway
    await published(new)
    await gateway.redis.flushall()
    reconciler = background(gateway.database, gateway.redis, gateway.store).reconciler
    assert [await reconciler.reconcile(), await reconciler.reconcile()] == [len(PERSONAS), 0]


async def test_the_relay_of_the_release_before_publishes_the_first_fact_and_the_reconciler_the_rest(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    gateway = new.gateway
    (row,) = await gateway.database.fetch("SELECT stream, event FROM outbox WHERE sent_at IS NULL")
    first = TranscriptAssembled.model_validate_json(row["event"])
    await publish_as(gateway.redis, first, "accept", report=REPORT)  # as it did
    await gateway.database.execute("UPDATE outbox SET sent_at = now()")
    parts = background(gateway.database, gateway.redis, gateway.store)
    assert await parts.reconciler.reconcile() == len(PERSONAS)
    await finish_minutes(new)
    assert await current(client, meeting) == new.run_id
    assert len(await facts(new)) == 4 + 2 * CHUNKS + 3 + len(PERSONAS)
