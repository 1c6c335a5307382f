"""Enrolment, and the erasure of a voice."""

import asyncio
from uuid import UUID

import httpx

from libs.common.events import SampleAccepted
from libs.common.speakers import Gallery, gallery_key
from libs.common.speech import EmbeddingModel
from libs.common.streams.keys import cancelled_key
from services.gateway.database import load_queries
from services.gateway.gateway import Gateway
from tests.integration.services.gateway.meeting_rows import accept_meeting

MODEL = EmbeddingModel(name="test", revision="1", dimension=2)


async def enroll(
    client: httpx.AsyncClient, name: str = "Ana", *, clips: int = 1, key: str | None = None, consent: str | None = None
) -> httpx.Response:
    files = [("audio", (f"clip{number}.wav", b"voice %d" % number)) for number in range(clips)]
    data = {"name": name} if consent is None else {"name": name, "consent": consent}
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/api/speakers/enroll", files=files, data=data, headers=headers)


async def add_voiceprint(gateway: Gateway, sample_id: str) -> None:
    """As the projection does when a voice was embedded."""
    await gateway.database.execute(
        "INSERT INTO voiceprints (sample_id, speaker_id, workspace, model, revision, vector)"
        " SELECT id, speaker_id, workspace, 'test', '1', '{0.6,0.8}' FROM samples WHERE id = $1",
        UUID(sample_id),
    )
    await gateway.database.execute("UPDATE samples SET speech_seconds = 4.5 WHERE id = $1", UUID(sample_id))
    await gateway.database.execute(load_queries("projection")["request_gallery"], "default", "test", "1")
    await gateway.galleries.rebuild()


async def fail_sample(gateway: Gateway, sample_id: str) -> None:
    await gateway.database.execute(
        "UPDATE runs SET status = 'failed', ended_at = now(), error_code = 'too_little_speech',"
        " error_message = '1 s of speech', error_stage = 'enroll' WHERE sample_id = $1",
        UUID(sample_id),
    )


async def speaker(client: httpx.AsyncClient, speaker_id: str) -> dict[str, object]:
    answer = await client.get(f"/api/speakers/{speaker_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_each_clip_gets_a_run_of_its_own(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await enroll(client, clips=3, consent="You may keep\nmy voice.")
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["created"], body["status_url"]) == (True, f"/api/speakers/{body['speaker_id']}")
    rows = await gateway.database.fetch("SELECT stream, event FROM outbox ORDER BY id")
    events = [SampleAccepted.model_validate_json(row["event"]) for row in rows]
    assert [event.sample_id for event in events] == body["sample_ids"]
    assert [await gateway.store.get(event.upload_key) for event in events] == [b"voice 0", b"voice 1", b"voice 2"]
    assert all(event.upload_key.startswith(f"samples/{event.sample_id}/upload-") for event in events)
    samples = await gateway.database.fetch("SELECT consent, consented_at FROM samples")
    assert {row["consent"] for row in samples} == {"You may keep\nmy voice."}
    assert all(row["consented_at"] for row in samples)
    assert gateway.outbox_waiting.is_set()


async def test_one_good_sample_is_enough(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = (await enroll(client, clips=2)).json()
    good, bad = body["sample_ids"]
    assert (await speaker(client, body["speaker_id"]))["status"] == "processing"
    await fail_sample(gateway, bad)
    assert (await speaker(client, body["speaker_id"]))["status"] == "processing"
    await add_voiceprint(gateway, good)
    found = await speaker(client, body["speaker_id"])
    assert found["status"] == "enrolled"
    assert isinstance(found["samples"], list)
    samples = {one["sample_id"]: one for one in found["samples"]}
    assert (samples[good]["status"], samples[good]["speech_seconds"]) == ("enrolled", 4.5)
    error = {"code": "too_little_speech", "message": "1 s of speech", "stage": "enroll"}
    assert (samples[bad]["status"], samples[bad]["error"]) == ("failed", error)


async def test_a_speaker_without_any_good_sample_failed(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = (await enroll(client)).json()
    await fail_sample(gateway, body["sample_ids"][0])
    assert (await speaker(client, body["speaker_id"]))["status"] == "failed"


async def test_a_known_name_adds_samples_to_its_speaker(client: httpx.AsyncClient) -> None:
    first = (await enroll(client, "Ana  Lindqvist")).json()
    second = (await enroll(client, " ana lindqvist")).json()
    assert second["speaker_id"] == first["speaker_id"]
    assert (second["created"], second["name"]) == (False, "Ana Lindqvist")
    other = (await enroll(client, "Ana Lind")).json()
    assert other["speaker_id"] != first["speaker_id"]


async def test_enrolments_of_one_name_at_the_same_time_make_one_speaker(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    answers = [one.json() for one in await asyncio.gather(*(enroll(client) for _ in range(8)))]
    assert len({one["speaker_id"] for one in answers}) == 1
    assert sum(one["created"] for one in answers) == 1
    assert len(await gateway.database.fetch("SELECT FROM samples")) == 8


async def test_a_repeated_enrolment_takes_effect_once(client: httpx.AsyncClient, gateway: Gateway) -> None:
    first, second = await enroll(client, key="k", clips=2), await enroll(client, key="k", clips=2)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await gateway.store.list("samples/")) == 2
    reused = await enroll(client, key="k", clips=1)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_enrolment_without_a_name_leaves_nothing(client: httpx.AsyncClient, gateway: Gateway) -> None:
    for data in ({}, {"name": "  "}):
        answer = await client.post("/api/speakers/enroll", files={"audio": ("a.wav", b"voice")}, data=data)
        assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "name", "message": "is missing"}])
    assert await gateway.store.list("") == []


async def test_more_than_twenty_clips_are_refused(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await enroll(client, clips=21)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "audio")
    assert await gateway.store.list("") == []


async def test_pages_show_every_speaker_once(client: httpx.AsyncClient) -> None:
    made = [(await enroll(client, f"Speaker {number}")).json()["speaker_id"] for number in range(3)]
    first = (await client.get("/api/speakers", params={"limit": "2"})).json()
    second = (await client.get("/api/speakers", params={"limit": "2", "cursor": first["next_cursor"]})).json()
    assert [one["speaker_id"] for one in (*first["speakers"], *second["speakers"])] == made[::-1]
    assert second["next_cursor"] is None


async def test_a_deleted_voice_is_gone_everywhere(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body, other = (await enroll(client, clips=2)).json(), (await enroll(client, "Bo")).json()
    for sample_id in (*body["sample_ids"], *other["sample_ids"]):
        await add_voiceprint(gateway, sample_id)
    meeting = await accept_meeting(client, gateway)
    embedding = f"meetings/{meeting.meeting_id}/{meeting.run_id}/embedding.SPEAKER_00.json"
    await gateway.store.put(embedding, b"{}")
    await gateway.database.execute(
        "INSERT INTO labels (run_id, label, speaker_id, embedding_key) VALUES ($1, 'SPEAKER_00', $2, $3)",
        UUID(meeting.run_id),
        UUID(body["speaker_id"]),
        embedding,
    )

    receipt = (await client.delete(f"/api/speakers/{body['speaker_id']}")).json()
    counts = {
        name: receipt[name] for name in ("samples", "voiceprints", "embeddings", "galleries", "objects", "pending")
    }
    assert counts == {
        "samples": 2, "voiceprints": 2, "embeddings": 1, "galleries": 1, "objects": 3, "pending": False,
    }  # fmt: skip
    assert not await gateway.store.exists(embedding)
    assert [one.split("/")[1] for one in await gateway.store.list("samples/")] == other["sample_ids"]
    gallery = await gateway.store.load(Gallery, gallery_key("default", MODEL))
    assert [one.name for one in gallery.voiceprints] == ["Bo"]
    for table in ("samples", "voiceprints", "speakers"):
        assert len(await gateway.database.fetch(f"SELECT FROM {table}")) == 1, table
    assert (await client.get(f"/api/speakers/{body['speaker_id']}")).status_code == 404
    assert (await client.delete(f"/api/speakers/{body['speaker_id']}")).status_code == 404
    again = (await enroll(client)).json()
    assert again["created"] is True


async def test_the_last_voice_takes_its_gallery_along(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = (await enroll(client)).json()
    await add_voiceprint(gateway, body["sample_ids"][0])
    await client.delete(f"/api/speakers/{body['speaker_id']}")
    assert await gateway.store.list("galleries/") == []


async def test_workers_drop_the_samples_of_a_deleted_speaker(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = (await enroll(client)).json()
    [run] = await gateway.database.fetch("SELECT id FROM runs")
    await client.delete(f"/api/speakers/{body['speaker_id']}")
    assert await gateway.redis.exists(cancelled_key(str(run["id"])))


async def test_an_erasure_that_waits_for_redis_is_said_to_be_pending(
    client_without_redis: httpx.AsyncClient, client: httpx.AsyncClient, gateway: Gateway
) -> None:
    body = (await enroll(client)).json()
    await add_voiceprint(gateway, body["sample_ids"][0])
    receipt = (await client_without_redis.delete(f"/api/speakers/{body['speaker_id']}")).json()
    assert receipt["pending"] is True
    await gateway.galleries.rebuild()
    await gateway.erasures.repeat()
    assert await gateway.store.list("") == []


async def test_an_unknown_speaker_is_not_found(client: httpx.AsyncClient) -> None:
    for speaker_id in ("no-uuid", "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"):
        for answer in (
            await client.get(f"/api/speakers/{speaker_id}"),
            await client.delete(f"/api/speakers/{speaker_id}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "speaker_not_found")
