"""Doing again what was given up: once, by a run that takes over the rest."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.common.events import AudioNormalized
from services.gateway.gateway import Gateway
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting

PATH = "/api/pipeline/dead"


async def failed_meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    meeting = await accept_meeting(client, gateway)
    await meeting.record("normalize", AudioNormalized(**meeting.subject, audio_key="a", duration=3.5))
    await meeting.fail("diarize")
    await meeting.end("failed", code="engine_crashed", stage="diarize")
    return meeting


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await failed_meeting(client, gateway)


def address(meeting: RecordedMeeting) -> str:
    return f"{PATH}/{meeting.run_id}/diarize"


async def listed(client: httpx.AsyncClient) -> list[str]:
    return [one["run_id"] for one in (await client.get(PATH)).json()["letters"]]


async def retry(client: httpx.AsyncClient, meeting: RecordedMeeting) -> dict[str, Any]:
    answer = await client.post(f"{address(meeting)}/retry")
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_a_retry_works_only_what_failed(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    answer = await retry(client, meeting)
    [run] = answer["runs"]
    assert (answer["count"], run["events"]) == (1, [f"{meeting.run_id}/diarize#0"])
    assert (run["origin_run_id"], run["meeting_id"], run["error"]) == (meeting.run_id, meeting.meeting_id, None)
    path = f"/api/meetings/{meeting.meeting_id}/events"
    events = (await client.get(path, params={"run": run["run_id"]})).json()["events"]
    assert [(one["stage"], one["worked_in"]) for one in events] == [
        ("accept", meeting.run_id), ("normalize", meeting.run_id),
    ]  # fmt: skip
    outbox = await gateway.database.fetch("SELECT stage FROM outbox WHERE run_id = $1", UUID(run["run_id"]))
    assert [row["stage"] for row in outbox] == ["normalize"]
    assert await listed(client) == []


async def test_a_second_retry_is_answered_with_the_first(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    first, second = await retry(client, meeting), await retry(client, meeting)
    assert first == second
    assert len((await client.get(f"/api/meetings/{meeting.meeting_id}/runs")).json()["runs"]) == 2


async def test_two_retries_at_once_begin_one_run(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    answers = await asyncio.gather(*(client.post(f"{address(meeting)}/retry") for _ in range(2)))
    assert {one.status_code for one in answers} <= {202, 409}
    assert len((await client.get(f"/api/meetings/{meeting.meeting_id}/runs")).json()["runs"]) == 2


@pytest.mark.parametrize("end", [None, "failed"])
async def test_a_letter_that_a_killed_gateway_left_is_not_retried_twice(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting, end: str | None
) -> None:
    first = await retry(client, meeting)
    await gateway.database.execute("DELETE FROM dismissals")
    if end is not None:
        await RecordedMeeting(gateway, meeting.meeting_id, first["runs"][0]["run_id"]).end(end)
    assert await listed(client) == [meeting.run_id]
    assert await retry(client, meeting) == first
    assert await listed(client) == []


async def test_a_replay_that_leaves_the_unit_as_it_is_does_not_do_it_again(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    path = f"/api/meetings/{meeting.meeting_id}/replay"
    replayed = (await client.post(path, json={"from_stage": "normalize"})).json()["run_id"]
    await RecordedMeeting(gateway, meeting.meeting_id, replayed).end("failed")
    [run] = (await retry(client, meeting))["runs"]
    assert run["run_id"] != replayed


async def test_a_retry_that_fails_again_is_a_letter_of_its_own(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    [run] = (await retry(client, meeting))["runs"]
    again = RecordedMeeting(gateway, meeting.meeting_id, run["run_id"])
    await again.fail("diarize")
    await again.end("failed", code="engine_crashed", stage="diarize")
    assert await listed(client) == [again.run_id]


async def test_what_is_dropped_cannot_be_retried(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await client.post(f"{address(meeting)}/drop")
    answer = await client.post(f"{address(meeting)}/retry")
    assert (answer.status_code, answer.json()["code"]) == (404, "dead_letter_not_found")


async def test_a_run_in_progress_is_not_retried(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await gateway.database.execute("UPDATE runs SET ended_at = NULL")
    answer = await client.post(f"{address(meeting)}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_in_progress")
    assert await listed(client) == [meeting.run_id]


async def test_all_of_a_code_are_retried_run_by_run(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    unfinished = await failed_meeting(client, gateway)
    await gateway.database.execute("UPDATE runs SET ended_at = NULL WHERE id = $1", UUID(unfinished.run_id))
    ran = await client.post(f"{PATH}/retry", params={"code": "engine_crashed", "dry_run": "true"})
    assert (ran.json()["count"], ran.json()["dry_run"]) == (2, True)
    assert {one["run_id"] for one in ran.json()["runs"]} == {None}
    assert len(await listed(client)) == 2
    ran = await client.post(f"{PATH}/retry", params={"code": "engine_crashed"})
    assert (ran.status_code, ran.json()["count"]) == (202, 1)
    by_origin = {one["origin_run_id"]: one for one in ran.json()["runs"]}
    assert by_origin[meeting.run_id]["run_id"] is not None
    assert by_origin[unfinished.run_id]["error"]["code"] == "run_in_progress"
    assert await listed(client) == [unfinished.run_id]


async def test_nothing_is_retried_in_another_workspace(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('other')")
    await gateway.database.execute("UPDATE runs SET workspace = 'other'")
    assert (await client.post(f"{address(meeting)}/retry")).status_code == 404
    assert (await client.post(f"{PATH}/retry", params={"all": "true"})).json()["count"] == 0
