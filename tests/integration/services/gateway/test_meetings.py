"""Lists, the live status, cancelling and deleting."""

import json

import httpx
import pytest

from libs.common.answers import answer_key, answer_marker_key
from libs.common.streams.keys import cancelled_key, progress_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from services.gateway.gateway import Gateway
from services.gateway.runs.results import results_key
from tests.integration.services.gateway.meeting_rows import TRANSCRIPT, RecordedMeeting, accept_meeting


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


async def test_pages_show_every_meeting_once_newest_first(client: httpx.AsyncClient, gateway: Gateway) -> None:
    made = [(await accept_meeting(client, gateway)).meeting_id for _ in range(5)]
    seen: list[str] = []
    parameters = {"limit": "2"}
    while True:
        page = (await client.get("/api/meetings", params=parameters)).json()
        seen += [one["meeting_id"] for one in page["meetings"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert seen == made[::-1]


@pytest.mark.parametrize("parameters", [{"cursor": "nonsense"}, {"limit": "0"}, {"limit": "101"}])
async def test_a_wrong_page_is_refused(client: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    answer = await client.get("/api/meetings", params=parameters)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == list(parameters)


async def test_another_workspace_sees_nothing(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('other')")
    await gateway.database.execute("UPDATE meetings SET workspace = 'other'")
    path = f"/api/meetings/{meeting.meeting_id}"
    answers = [
        await client.get(f"{path}/status"),
        await client.get(f"{path}/results"),
        await client.post(f"{path}/cancel"),
        await client.delete(path),
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "meeting_not_found")}
    assert (await client.get("/api/meetings")).json()["meetings"] == []


async def test_the_status_shows_what_workers_have_in_hand(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    unit = {"started_at": "2026-11-22T12:00:00+00:00", "fraction": 0.4, "attempt": 2}
    await gateway.redis.hset(progress_key(meeting.run_id), mapping={"normalize": json.dumps(unit), "newer": "{}"})
    status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()
    assert (status["status"], status["title"]) == ("processing", "Weekly")
    stage = status["stages"]["normalize"]
    assert (stage["status"], stage["progress"], stage["attempts"]) == ("processing", 0.4, 2)


async def test_what_a_killed_worker_had_in_hand_is_not_shown(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    unit = {"started_at": "2026-11-22T12:00:00+00:00", "fraction": 0.4, "attempt": 1, "consumer": "normalizer-1"}
    await gateway.redis.hset(progress_key(meeting.run_id), "normalize", json.dumps(unit))

    async def is_in_hand() -> bool:
        status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()
        return bool(status["stages"]["normalize"]["status"] == "processing")

    assert not await is_in_hand()
    info = WorkerInfo(consumer="normalizer-1", service="normalizer", release="0", stages={"normalize": None})
    await Heartbeat(gateway.redis, info, lifetime=30.0).beat()
    assert await is_in_hand()


async def test_a_cancelled_meeting_is_told_to_the_workers(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    answer = await client.post(f"/api/meetings/{meeting.meeting_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert await gateway.redis.ttl(cancelled_key(meeting.run_id)) > 24 * 3600
    status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()
    assert status["status"] == "cancelled"


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_meeting_that_has_ended_cannot_be_cancelled(
    client: httpx.AsyncClient, meeting: RecordedMeeting, status: str
) -> None:
    await meeting.end(status)
    answer = await client.post(f"/api/meetings/{meeting.meeting_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "meeting_ended")
    assert answer.json()["meeting_status"] == status


async def test_a_deleted_meeting_leaves_nothing_to_read(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    await client.get(f"/api/meetings/{meeting.meeting_id}/results")
    [run] = await gateway.database.fetch("SELECT version FROM runs")
    assert await gateway.redis.exists(results_key(meeting.run_id, run["version"]))

    receipt = (await client.delete(f"/api/meetings/{meeting.meeting_id}")).json()
    assert (receipt["runs"], receipt["objects"], receipt["pending"]) == (1, 5, False)
    assert await gateway.store.list("meetings/") == []
    assert not await gateway.redis.exists(results_key(meeting.run_id, run["version"]))
    assert await gateway.redis.exists(cancelled_key(meeting.run_id))
    [tombstone] = await gateway.database.fetch("SELECT title, filename, deleted_at FROM meetings")
    assert (tombstone["title"], tombstone["filename"]) == (None, None)
    assert (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).status_code == 404
    assert (await client.delete(f"/api/meetings/{meeting.meeting_id}")).status_code == 404
    assert (await client.get("/api/meetings")).json()["meetings"] == []


async def test_what_is_written_after_the_deletion_goes_too(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    await meeting.keep("late.json", TRANSCRIPT)
    await gateway.database.execute("UPDATE erasures SET erased_at = erased_at - interval '1 hour'")
    await gateway.erasures.repeat()
    assert await gateway.store.list("meetings/") == []


async def test_without_redis_a_deletion_removes_the_objects_and_says_that_it_is_pending(
    client_without_redis: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    receipt = (await client_without_redis.delete(f"/api/meetings/{meeting.meeting_id}")).json()
    assert (receipt["objects"], receipt["pending"]) == (2, True)
    assert await gateway.store.list("meetings/") == []


async def test_without_redis_a_meeting_is_accepted_and_cancelled(
    client_without_redis: httpx.AsyncClient, client: httpx.AsyncClient, gateway: Gateway
) -> None:
    meeting = await accept_meeting(client_without_redis, gateway)
    answer = await client_without_redis.post(f"/api/meetings/{meeting.meeting_id}/cancel")
    assert answer.status_code == 200
    assert (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()["status"] == "cancelled"


async def test_the_answers_written_for_a_meeting_go_with_it(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await gateway.store.put(answer_marker_key(meeting.meeting_id, "digest"), b"1")
    await gateway.store.put(answer_key("default", "digest"), b"{}")
    await gateway.store.put(answer_key("default", "other"), b"{}")
    await client.delete(f"/api/meetings/{meeting.meeting_id}")
    assert await gateway.store.list("") == [answer_key("default", "other")]
