"""After a change of engine, voices are embedded again from the clips that were kept."""

import asyncio
from uuid import UUID

import httpx
import pytest

from libs.common.events import SampleAccepted, SampleNormalized
from libs.common.speakers import Gallery, gallery_key
from libs.common.streams.keys import stream_key
from services.gateway.gateway import Gateway
from tests.integration.line import entries, until
from tests.integration.services.gateway.rows import background, wait_for_lock
from tests.integration.services.gateway.voices import (
    NEW,
    OLD,
    VECTORS,
    diarizer_lives,
    embed,
    enrolled,
    fail,
    newest_run,
    normalized,
    reembed,
    sample_of,
)


@pytest.fixture
async def clip(gateway: Gateway) -> SampleNormalized:
    """Of a speaker whom the old engine has enrolled; a new one is alive."""
    clip = await enrolled(gateway)
    await diarizer_lives(gateway, NEW)
    return clip


async def runs(gateway: Gateway, clip: SampleNormalized) -> int:
    return len(await gateway.database.fetch("SELECT FROM runs WHERE sample_id = $1", UUID(clip.sample_id)))


async def test_a_new_run_takes_over_the_clip_that_was_kept(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await gateway.redis.delete(stream_key(SampleAccepted.stream), stream_key(SampleNormalized.stream))
    assert await reembed(client) == {"model": NEW.id, "started": 1}
    assert gateway.outbox_waiting.is_set()
    await background(gateway.database, gateway.redis, gateway.store).relay.relay()
    run = await newest_run(gateway, clip)
    assert run.run_id != clip.run_id
    [entry] = await entries(gateway.redis, SampleNormalized, count=1)
    assert SampleNormalized.model_validate_json(entry["event"]) == run
    assert not await gateway.redis.exists(stream_key(SampleAccepted.stream))
    rows = await gateway.database.fetch(
        "SELECT stage, worked_in FROM facts WHERE run_id = $1 ORDER BY recorded_at", UUID(run.run_id)
    )
    assert [(row["stage"], str(row["worked_in"])) for row in rows] == [
        ("accept", clip.run_id),
        ("normalize_sample", clip.run_id),
    ]


async def test_the_voiceprint_of_the_old_model_stays_and_each_model_has_its_gallery(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await reembed(client)
    await embed(gateway, await newest_run(gateway, clip), NEW)
    sample = await sample_of(client, clip)
    assert (sample["models"], sample["voiceprint"], sample["status"]) == ([OLD.id, NEW.id], "present", "enrolled")
    for model in (OLD, NEW):
        gallery = await gateway.store.load(Gallery, gallery_key("default", model))
        assert (gallery.model, [one.vector for one in gallery.voiceprints]) == (model, [VECTORS[model]])
    assert await reembed(client) == {"model": NEW.id, "present": 1}


async def test_a_change_back_costs_nothing(client: httpx.AsyncClient, gateway: Gateway) -> None:
    clip = await enrolled(gateway)
    diarizer = await diarizer_lives(gateway, NEW)
    await reembed(client)
    await embed(gateway, await newest_run(gateway, clip), NEW)
    await diarizer.stop()
    await diarizer_lives(gateway, OLD)
    assert await reembed(client) == {"model": OLD.id, "present": 1}
    assert await runs(gateway, clip) == 2


async def test_a_sample_stays_enrolled_while_it_is_embedded_again(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    assert (await sample_of(client, clip))["voiceprint"] == "missing"
    await reembed(client)
    sample = await sample_of(client, clip)
    assert (sample["status"], sample["voiceprint"], sample["models"]) == ("enrolled", "under_way", [OLD.id])
    answer = (await client.get("/api/speakers")).json()
    assert [(one["status"], one["recognizable"]) for one in answer["speakers"]] == [("enrolled", False)]


async def test_a_sample_that_cannot_be_embedded_again_says_why_and_keeps_its_old_voiceprint(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await reembed(client)
    await fail(gateway, await newest_run(gateway, clip), NEW)
    sample = await sample_of(client, clip)
    error = {"code": "too_little_speech", "message": "1 s of speech", "stage": "enroll"}
    assert (sample["status"], sample["voiceprint"], sample["error"]) == ("enrolled", "failed", error)
    assert sample["models"] == [OLD.id]
    assert await gateway.store.exists(gallery_key("default", OLD))
    [letter] = (await client.get("/api/pipeline/dead")).json()["letters"]
    assert letter["sample_id"] == clip.sample_id


async def test_what_the_model_in_use_could_not_embed_is_left_to_the_dead_letters(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await reembed(client)
    await fail(gateway, failed := await newest_run(gateway, clip), NEW)
    assert await reembed(client) == {"model": NEW.id, "failed": 1}
    retried = await client.post(f"/api/pipeline/dead/{failed.run_id}/enroll/retry")
    assert retried.status_code == 202, retried.text
    assert await reembed(client) == {"model": NEW.id, "under_way": 1}
    await embed(gateway, await newest_run(gateway, clip), NEW)
    assert await reembed(client) == {"model": NEW.id, "present": 1}


async def test_what_another_model_could_not_embed_is_tried_again(client: httpx.AsyncClient, gateway: Gateway) -> None:
    clip = await normalized(gateway)
    await fail(gateway, clip, OLD)
    await diarizer_lives(gateway, NEW)
    assert await reembed(client) == {"model": NEW.id, "started": 1}
    await embed(gateway, await newest_run(gateway, clip), NEW)
    assert (await sample_of(client, clip))["status"] == "enrolled"


async def test_a_clip_that_was_never_normalized_cannot_be_embedded(client: httpx.AsyncClient, gateway: Gateway) -> None:
    clip = await enrolled(gateway)
    await gateway.database.execute("DELETE FROM facts WHERE stage = 'normalize_sample'")
    await diarizer_lives(gateway, NEW)
    assert await reembed(client) == {"model": NEW.id, "no_audio": 1}
    assert (await sample_of(client, clip))["voiceprint"] == "no_audio"


async def test_asking_again_starts_nothing_twice(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    assert await reembed(client) == {"model": NEW.id, "started": 1}
    assert await reembed(client) == {"model": NEW.id, "under_way": 1}
    assert await runs(gateway, clip) == 2


async def test_a_sample_that_is_still_being_enrolled_is_under_way(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await normalized(gateway)
    await diarizer_lives(gateway, NEW)
    assert await reembed(client) == {"model": NEW.id, "under_way": 1}


async def test_a_run_that_another_engine_took_leaves_the_sample_to_the_next_request(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await reembed(client)
    await embed(gateway, await newest_run(gateway, clip), OLD)
    assert (await sample_of(client, clip))["voiceprint"] == "missing"
    assert await reembed(client) == {"model": NEW.id, "started": 1}


async def test_two_requests_at_once_start_each_sample_once(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    async with gateway.database.transaction() as connection:
        await connection.execute("SELECT FROM speakers WHERE id = $1 FOR UPDATE", UUID(clip.speaker_id))
        both = [asyncio.create_task(reembed(client)) for _ in range(2)]
        await until(lambda: _waiting(gateway, 2))
    found = sorted([await one for one in both], key=lambda one: "started" in one)
    assert found == [{"model": NEW.id, "under_way": 1}, {"model": NEW.id, "started": 1}]
    assert await runs(gateway, clip) == 2


async def _waiting(gateway: Gateway, count: int) -> bool:
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return len(await gateway.database.fetch(waiting)) == count


async def test_a_voice_that_is_deleted_while_it_is_embedded_again_leaves_nothing(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await reembed(client)
    run = await newest_run(gateway, clip)
    receipt = (await client.delete(f"/api/speakers/{clip.speaker_id}")).json()
    assert (receipt["samples"], receipt["voiceprints"], receipt["pending"]) == (1, 1, False)
    await embed(gateway, run, NEW)
    for table in ("speakers", "samples", "voiceprints", "runs", "facts", "outbox"):
        assert await gateway.database.fetch(f"SELECT FROM {table}") == [], table
    assert await gateway.store.list("galleries/") == []
    await gateway.database.execute("UPDATE erasures SET erased_at = NULL")  # the next pass is due
    await gateway.erasures.repeat()
    assert await gateway.store.list("") == []


async def test_a_request_that_waits_for_a_deletion_starts_nothing(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    async with gateway.database.transaction() as connection:
        await connection.execute("DELETE FROM speakers WHERE id = $1", UUID(clip.speaker_id))
        waiting = asyncio.create_task(reembed(client))
        await wait_for_lock(gateway.database)
    assert await waiting == {"model": NEW.id}
    assert await gateway.database.fetch("SELECT FROM runs") == []


async def test_deletions_and_requests_at_once_leave_no_voice(client: httpx.AsyncClient, gateway: Gateway) -> None:
    clips = [await enrolled(gateway) for _ in range(4)]
    await diarizer_lives(gateway, NEW)
    deletions = (client.delete(f"/api/speakers/{one.speaker_id}") for one in clips)
    answers = await asyncio.gather(*deletions, *(client.post("/api/speakers/re-embed") for _ in range(3)))
    assert [one.status_code for one in answers] == [200] * 4 + [202] * 3
    for table in ("speakers", "voiceprints", "runs", "facts", "outbox"):
        assert await gateway.database.fetch(f"SELECT FROM {table}") == [], table


async def test_nothing_is_lost_when_redis_is_emptied(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await reembed(client)
    parts = background(gateway.database, gateway.redis, gateway.store)
    await parts.relay.relay()
    await gateway.redis.flushall()
    assert await parts.reconciler.reconcile() == 1
    [entry] = await entries(gateway.redis, SampleNormalized, count=1)
    assert SampleNormalized.model_validate_json(entry["event"]) == await newest_run(gateway, clip)


async def test_only_the_speakers_who_are_named_are_embedded_again(client: httpx.AsyncClient, gateway: Gateway) -> None:
    chosen, other = await enrolled(gateway), await enrolled(gateway)
    await diarizer_lives(gateway, NEW)
    assert await reembed(client, chosen.speaker_id) == {"model": NEW.id, "started": 1}
    assert (await runs(gateway, chosen), await runs(gateway, other)) == (2, 1)


async def test_the_speakers_of_another_workspace_are_left_alone(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('theirs')")
    await gateway.database.execute("UPDATE speakers SET workspace = 'theirs'")
    assert await reembed(client) == {"model": NEW.id}
    answer = await client.post("/api/speakers/re-embed", json={"speakers": [clip.speaker_id]})
    assert (answer.status_code, answer.json()["code"]) == (404, "speaker_not_found")
    assert await runs(gateway, clip) == 1


@pytest.mark.usefixtures("clip")
async def test_a_speaker_who_is_not_there_lets_nothing_start(client: httpx.AsyncClient, gateway: Gateway) -> None:
    known = await gateway.database.fetch("SELECT id FROM speakers")
    ids = [str(known[0]["id"]), "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"]
    answer = await client.post("/api/speakers/re-embed", json={"speakers": ids})
    assert (answer.status_code, answer.json()["code"]) == (404, "speaker_not_found")
    assert len(await gateway.database.fetch("SELECT FROM runs")) == 1


@pytest.mark.parametrize("body", [{"speakers": []}, {"speakers": ["Ana"]}, {"speaker": []}])
async def test_a_wish_that_makes_no_sense_is_refused(client: httpx.AsyncClient, body: dict[str, list[str]]) -> None:
    answer = await client.post("/api/speakers/re-embed", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_nothing_starts_while_nobody_says_with_which_model_voices_are_embedded(
    client: httpx.AsyncClient, client_without_redis: httpx.AsyncClient, gateway: Gateway
) -> None:
    clip = await enrolled(gateway)
    for one in (client, client_without_redis):
        answer = await one.post("/api/speakers/re-embed")
        assert (answer.status_code, answer.json()["code"]) == (503, "embedding_model_unknown")
        assert int(answer.headers["Retry-After"]) > 0
        speaker = (await one.get(f"/api/speakers/{clip.speaker_id}")).json()
        assert (speaker["recognizable"], speaker["samples"][0]["voiceprint"]) == (None, "unknown")
    assert await runs(gateway, clip) == 1


async def test_nothing_starts_while_diarizers_of_two_engines_are_alive(
    client: httpx.AsyncClient, gateway: Gateway, clip: SampleNormalized
) -> None:
    leaving = await diarizer_lives(gateway, OLD, consumer="diarizer-2")
    answer = await client.post("/api/speakers/re-embed")
    assert (answer.status_code, answer.json()["code"]) == (409, "several_embedding_models")
    assert OLD.id in answer.json()["detail"]
    assert NEW.id in answer.json()["detail"]
    assert (await sample_of(client, clip))["voiceprint"] == "unknown"
    assert await runs(gateway, clip) == 1
    await leaving.stop()
    assert await reembed(client) == {"model": NEW.id, "started": 1}
