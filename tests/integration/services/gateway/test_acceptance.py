"""A recording is either accepted with everything that the line needs, or leaves nothing behind."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from libs.common.events import EVENTS, MeetingAccepted
from libs.common.outcome import Report
from libs.common.request import MeetingRequest
from libs.common.speech import Segment
from services.gateway.app import create_app
from services.gateway.background.housekeeping import Housekeeping
from services.gateway.database import Database, DatabaseUnavailable
from services.gateway.errors import UploadExpired
from services.gateway.gateway import Gateway
from services.gateway.intake.idempotency import RequestKey, claim, forget_old_keys, record_answer
from services.gateway.intake.staging import staged, sweep_abandoned
from tests.integration.interleaving import interleaved

AUDIO = b"any bytes: the normalizer decides what they are" * 100


async def submit(
    client: httpx.AsyncClient, fields: Mapping[str, str | list[str]], *, key: str | None = None, audio: bytes = AUDIO
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    files = {"audio": ("weekly.wav", audio, "audio/wav")}
    return await client.post("/api/meetings/process", files=files, data=dict(fields), headers=headers)


async def post(
    client: httpx.AsyncClient, *, key: str | None = None, audio: bytes = AUDIO, **fields: str
) -> httpx.Response:
    return await submit(client, fields, key=key, audio=audio)


async def rows(gateway: Gateway, table: str) -> Sequence[object]:
    return await gateway.database.fetch(f"SELECT * FROM {table}")


async def assert_nothing_is_left(gateway: Gateway) -> None:
    assert await gateway.store.list("") == []
    for table in ("meetings", "runs", "facts", "outbox", "uploads", "idempotency_keys"):
        assert await rows(gateway, table) == [], table


def wrong_fields(answer: httpx.Response) -> set[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {one["field"] for one in answer.json()["errors"]}


async def test_an_accepted_meeting_has_all_that_the_line_needs(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await post(client, title=" Weekly \n planning", personas="executive, engineer", min_speakers="2")
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["status_url"] == f"/api/meetings/{body['meeting_id']}/status"

    [outbox] = await gateway.database.fetch("SELECT stream, event, sent_at FROM outbox")
    event = EVENTS[outbox["stream"]].model_validate_json(outbox["event"])
    assert isinstance(event, MeetingAccepted)
    assert (event.meeting_id, event.run_id) == (body["meeting_id"], body["run_id"])
    assert await gateway.store.get(event.upload_key) == AUDIO

    request = await gateway.store.load(MeetingRequest, event.request_key)
    assert request.title == "Weekly planning"
    assert request.personas == ("executive", "engineer")
    assert request.speaker_bounds.min_speakers == 2
    assert request.recorded_at is not None

    [fact] = await gateway.database.fetch("SELECT * FROM facts")
    assert (fact["stage"], fact["part"], fact["position"], fact["siblings"]) == ("accept", "", 0, 1)
    assert fact["entry_id"] is None
    assert fact["event"] == outbox["event"]
    assert Report.model_validate_json(fact["report"]).attempts == 1

    [meeting] = await gateway.database.fetch("SELECT * FROM meetings")
    assert meeting["filename"] == "weekly.wav"
    assert meeting["size_bytes"] == len(AUDIO)
    assert meeting["current_run_id"] == UUID(body["run_id"])
    assert gateway.outbox_waiting.is_set()
    assert await rows(gateway, "uploads") == []


async def test_fields_may_come_after_the_recording(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="audio"; filename="..\\\\a\\\\evil.wav"\r\n\r\nsound\r\n'
        b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nT\xc3\xa9l\xc3\xa9\r\n--b--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post("/api/meetings/process", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    [meeting] = await gateway.database.fetch("SELECT title, filename FROM meetings")
    assert (meeting["title"], meeting["filename"]) == ("Télé", "evil.wav")


async def test_every_wrong_field_is_named(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await post(
        client, language="English", num_speakers="none", personas="executive,janitor", colour="red", title="a\x07b"
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"
    assert wrong_fields(answer) == {"language", "num_speakers", "personas", "colour", "title"}
    await assert_nothing_is_left(gateway)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"min_speakers": "3", "max_speakers": "2"}, "speaker_bounds"),
        ({"title": ["a", "b"]}, "title"),
        ({"vocabulary": "x" * 70_000}, "vocabulary"),
        ({"recorded_at": "2026-11-22T10:00:00"}, "recorded_at"),
        ({"vocabulary": "x" * 101}, "vocabulary"),
    ],
)
async def test_a_wrong_option_leaves_nothing(
    client: httpx.AsyncClient, gateway: Gateway, fields: dict[str, str | list[str]], named: str
) -> None:
    answer = await submit(client, fields)
    assert answer.status_code == 422
    assert wrong_fields(answer) == {named}
    await assert_nothing_is_left(gateway)


async def test_a_form_without_a_recording_is_refused(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await client.post("/api/meetings/process", files={"title": (None, "Weekly")})
    assert (answer.status_code, wrong_fields(answer)) == (422, {"audio"})


async def test_two_recordings_are_refused(client: httpx.AsyncClient, gateway: Gateway) -> None:
    files = [("audio", ("a.wav", AUDIO)), ("audio", ("b.wav", AUDIO))]
    answer = await client.post("/api/meetings/process", files=files)
    assert (answer.status_code, wrong_fields(answer)) == (422, {"audio"})
    await assert_nothing_is_left(gateway)


async def test_an_empty_recording_is_refused(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await post(client, audio=b"")
    assert (answer.status_code, answer.json()["code"]) == (422, "empty_upload")
    await assert_nothing_is_left(gateway)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "audio/wav", ""])
async def test_another_content_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    answer = await client.post("/api/meetings/process", content=b"{}", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_body_without_its_closing_boundary_is_truncated(client: httpx.AsyncClient, gateway: Gateway) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n' + AUDIO
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post("/api/meetings/process", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "truncated_upload")
    await assert_nothing_is_left(gateway)


async def test_a_body_that_is_no_form_is_malformed(client: httpx.AsyncClient, gateway: Gateway) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post("/api/meetings/process", content=b"not multipart at all", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_upload")
    await assert_nothing_is_left(gateway)


async def test_a_repeated_request_takes_effect_once(client: httpx.AsyncClient, gateway: Gateway) -> None:
    first, second = await post(client, key="k1", title="A"), await post(client, key="k1", title="A")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await rows(gateway, "meetings")) == 1
    assert len(await gateway.store.list("meetings/")) == 2  # the recording and its request


async def test_a_key_of_another_request_is_refused(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await post(client, key="k1", title="A")
    for other in (await post(client, key="k1", title="B"), await post(client, key="k1", title="A", audio=b"other")):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await rows(gateway, "meetings")) == 1
    assert len(await gateway.store.list("meetings/")) == 2


async def test_requests_with_the_same_key_at_the_same_time_make_one_meeting(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    answers = await asyncio.gather(*(post(client, key="k1", title="A") for _ in range(8)))
    assert {one.status_code for one in answers} == {202}
    assert len({one.json()["meeting_id"] for one in answers}) == 1
    assert sum("Idempotency-Replayed" in one.headers for one in answers) == 7
    assert len(await rows(gateway, "meetings")) == 1
    assert len(await gateway.store.list("meetings/")) == 2


async def test_what_a_dead_gateway_left_is_swept(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await post(client)
    await gateway.database.execute("INSERT INTO uploads (prefix) VALUES ('meetings/new/')")
    await gateway.database.execute("INSERT INTO uploads VALUES ('meetings/dead/', now() - interval '25 hours')")
    for prefix in ("new", "dead"):
        await gateway.store.put(f"meetings/{prefix}/upload-1", b"half")

    await Housekeeping(gateway.database, gateway.store).clean_up()
    assert len(await rows(gateway, "uploads")) == 1
    assert not await gateway.store.exists("meetings/dead/upload-1")
    assert len(await gateway.store.list("meetings/")) == 3


async def test_beside_the_folders_of_the_store_nothing_is_cleaned_up(gateway: Gateway, tmp_path: Path) -> None:
    begun = [tmp_path / "objects" / folder / "draft#1" for folder in ("meetings/1", "samples/1", "theirs", ".")]
    for path in begun:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    await Housekeeping(gateway.database, gateway.store, upload_age=0.0).clean_up()
    assert [path.exists() for path in begun] == [False, False, True, True]


async def test_an_upload_that_was_swept_meanwhile_is_not_accepted(client: httpx.AsyncClient, gateway: Gateway) -> None:
    async with staged(gateway.database, gateway.store) as staging:
        await staging.begin("meetings/slow/")
        assert await sweep_abandoned(gateway.database, gateway.store, age=0.0) == 1
        async with gateway.database.transaction() as connection:
            with pytest.raises(UploadExpired):
                await staging.accept(connection)


async def test_old_keys_are_forgotten(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await post(client, key="old")
    await gateway.database.execute("UPDATE idempotency_keys SET created_at = now() - interval '8 days'")
    await post(client, key="new")
    await forget_old_keys(gateway.database)
    assert [row["key"] for row in await gateway.database.fetch("SELECT key FROM idempotency_keys")] == ["new"]


async def test_a_key_that_is_forgotten_during_a_repeat_is_answered_all_the_same(gateway: Gateway) -> None:
    async def forget() -> None:
        with suppress(asyncpg.LockNotAvailableError):
            async with gateway.database.transaction() as other:
                await other.execute("SET LOCAL lock_timeout = '50ms'")
                await other.execute("DELETE FROM idempotency_keys")

    key, speech = RequestKey("default", "/api/meetings/process", "k1"), Segment(start=0.0, end=1.0)
    async with gateway.database.transaction() as connection:
        assert await claim(connection, key, "print") is None
        await record_answer(connection, key, speech)
    async with gateway.database.transaction() as connection:
        known = await claim(interleaved(connection, after={"fetchval": forget, "fetchrow": forget}), key, "print")
    assert Segment.model_validate_json(known or "") == speech


async def test_a_database_that_is_away_is_said_so(gateway: Gateway) -> None:
    database = await Database.open("postgresql://nobody@127.0.0.1:1/none")
    app = create_app(replace(gateway, database=database))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await post(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"]
    assert await gateway.store.list("") == []


async def test_connections_that_postgres_ended_are_replaced(client: httpx.AsyncClient, gateway: Gateway) -> None:
    await post(client)
    with suppress(DatabaseUnavailable):
        await gateway.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        )
    answers = [await client.get("/api/meetings") for _ in range(3)]
    assert {one.status_code for one in answers[1:]} == {200}
    assert answers[0].status_code in {200, 503}
