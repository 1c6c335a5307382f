"""What a meeting shows of its runs, and when a replay takes the place of another."""

import asyncio
from uuid import UUID

import httpx
import pytest

from libs.common.events import SpeakersMatched
from services.gateway.gateway import Gateway
from tests.integration.line import until
from tests.integration.services.gateway.replays import current, finish_minutes, has_ended, published, replay
from tests.integration.services.gateway.rows import background, projecting, publish_as, wait_for_lock
from tests.integration.services.gateway.worked_meeting import PERSONAS, WorkedMeeting, hand_in


@pytest.mark.parametrize(
    ("origin", "when", "shown"),
    [
        ("completed", None, "old"),
        ("completed", "now", "new"),
        ("failed", None, "new"),
        ("cancelled", None, "new"),
        ("failed", "when_completed", "old"),
    ],
)
async def test_the_meeting_shows_the_replay_at_once_only_if_that_is_wanted_or_there_is_nothing_else(
    client: httpx.AsyncClient, meeting: WorkedMeeting, origin: str, when: str | None, shown: str
) -> None:
    await meeting.until_assembled()
    await meeting.end(origin)
    new = await replay(client, meeting, "summarize", current=when)
    assert await current(client, meeting) == {"old": meeting.run_id, "new": new.run_id}[shown]


@pytest.mark.parametrize(("when", "is_shown"), [("when_completed", True), ("never", False)])
async def test_a_completed_replay_takes_the_place_of_what_is_shown(
    client: httpx.AsyncClient, meeting: WorkedMeeting, when: str, is_shown: bool
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize", current=when)
    assert await current(client, meeting) == meeting.run_id
    await finish_minutes(new)
    assert (await current(client, meeting) == new.run_id) is is_shown
    status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()
    assert (status["run_id"] == new.run_id) is is_shown


async def test_a_replay_that_fails_takes_no_place(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "match")
    await published(new)
    parts = background(new.gateway.database, new.gateway.redis, new.gateway.store)
    matched = SpeakersMatched.model_validate({**new.sound, "turns_key": "t", "speakers_key": "missing"})
    await publish_as(new.gateway.redis, matched, "match")
    async with projecting(parts):
        await until(lambda: has_ended(new.gateway, new.run_id))
    assert await current(client, meeting) == meeting.run_id


async def test_an_older_replay_does_not_replace_a_newer_one(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    older = await replay(client, meeting, "summarize")
    newer = await replay(client, meeting, "summarize")
    await finish_minutes(newer)
    await finish_minutes(older)
    assert await current(client, meeting) == newer.run_id


async def test_a_run_that_is_chosen_stays_although_a_replay_completes(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    chosen = await client.put(f"/api/meetings/{meeting.meeting_id}/runs/current", json={"run_id": meeting.run_id})
    assert (chosen.status_code, chosen.json()["is_current"]) == (200, True)
    await finish_minutes(new)
    assert await current(client, meeting) == meeting.run_id


async def test_all_runs_are_listed_with_what_makes_them_different(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "match", settings={"diarizer.match_threshold": 0.5}, personas=["engineer"])
    newest, oldest = (await client.get(f"/api/meetings/{meeting.meeting_id}/runs")).json()["runs"]
    assert (newest["run_id"], newest["origin_run_id"], newest["from_stage"]) == (new.run_id, meeting.run_id, "match")
    assert (newest["is_current"], newest["status"], newest["personas"]) == (False, "accepted", ["engineer"])
    assert newest["settings"]["diarizer.match_threshold"] == 0.5
    assert (oldest["run_id"], oldest["is_current"], oldest["status"]) == (meeting.run_id, True, "completed")
    assert (oldest["origin_run_id"], oldest["settings"]["diarizer.max_speakers"]) == (None, 5)


async def test_stages_that_were_reused_cost_the_replay_nothing(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status", params={"run": new.run_id})).json()
    states = {name: (one["status"], one["seconds"], one["progress"]) for name, one in status["stages"].items()}
    assert states.pop("summarize") == ("waiting", 0.0, 0.0)
    assert set(states.values()) == {("reused", 0.0, 1.0)}
    assert (status["is_current"], status["origin_run_id"]) == (False, meeting.run_id)
    assert status["results_url"].endswith(f"results?run={new.run_id}")


async def test_results_of_every_run_stay_readable(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize", personas=["engineer"], current="now")
    url = f"/api/meetings/{meeting.meeting_id}/results"
    old, shown = await client.get(url, params={"run": meeting.run_id}), await client.get(url)
    assert (old.json()["run_id"], set(old.json()["minutes"])) == (meeting.run_id, set(PERSONAS))
    assert (shown.json()["run_id"], shown.json()["pending_personas"]) == (new.run_id, ["engineer"])
    assert old.headers["ETag"] != shown.headers["ETag"]
    known = await client.get(url, params={"run": meeting.run_id}, headers={"If-None-Match": old.headers["ETag"]})
    assert known.status_code == 304


async def test_one_run_is_cancelled_and_the_others_stay(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize")
    cancelled = await client.post(f"/api/meetings/{meeting.meeting_id}/cancel", params={"run": new.run_id})
    assert cancelled.json()["run_id"] == new.run_id
    status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()
    assert (status["run_id"], status["status"]) == (meeting.run_id, "completed")


@pytest.mark.parametrize("run", ["nonsense", "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"])
@pytest.mark.parametrize("path", ["status", "results"])
async def test_a_run_of_no_meeting_or_of_another_is_not_found(
    client: httpx.AsyncClient, gateway: Gateway, meeting: WorkedMeeting, path: str, run: str
) -> None:
    other = await hand_in(client, gateway)
    for asked in (run, other.run_id):
        answer = await client.get(f"/api/meetings/{meeting.meeting_id}/{path}", params={"run": asked})
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


async def test_choosing_a_run_takes_locks_in_the_order_of_the_reconciler(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    runs = sorted([UUID((await replay(client, meeting, "match")).run_id) for _ in range(6)])
    database, choice = meeting.gateway.database, {"run_id": meeting.run_id}
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM runs WHERE id = $1 FOR SHARE", runs[0])
        choosing = asyncio.create_task(client.put(f"/api/meetings/{meeting.meeting_id}/runs/current", json=choice))
        await wait_for_lock(database)
        await connection.execute("SELECT FROM runs WHERE id = ANY ($1::uuid[]) FOR SHARE NOWAIT", runs[1:])
    assert (await choosing).status_code == 200
