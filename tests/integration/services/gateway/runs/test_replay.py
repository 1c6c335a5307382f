"""A replay takes over what is there, works the rest, and leaves the old run as it was."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import httpx
import pytest

from libs.common.events import (
    AudioNormalized,
    MinutesPlanned,
    MinutesWritten,
    SpeakersMatched,
    SpeechDiarized,
    TranscriptAssembled,
)
from libs.common.request import MeetingRequest
from libs.common.streams.keys import stream_key
from services.gateway.gateway import Gateway
from tests.integration.line import REPORT, until
from tests.integration.services.gateway.meeting_rows import SPEAKER
from tests.integration.services.gateway.rows import background, is_acknowledged, projecting, publish_as, wait_for_lock
from tests.integration.services.gateway.worked_meeting import CHUNKS, PERSONAS, WorkedMeeting, hand_in

ALL = {"normalize", "diarize", "match", "plan", "transcribe", "assemble"}


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> WorkedMeeting:
    return await hand_in(client, gateway)


async def replay(client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, **wish: Any) -> WorkedMeeting:
    """The new run."""
    answer = await client.post(f"/api/meetings/{meeting.meeting_id}/replay", json={"from_stage": stage, **wish})
    assert answer.status_code == 202, answer.text
    return WorkedMeeting(meeting.gateway, meeting.meeting_id, answer.json()["run_id"])


async def refused(client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, **wish: Any) -> tuple[int, Any]:
    answer = await client.post(f"/api/meetings/{meeting.meeting_id}/replay", json={"from_stage": stage, **wish})
    return answer.status_code, answer.json()


async def facts(run: WorkedMeeting) -> list[Any]:
    return await run.gateway.database.fetch(
        "SELECT stage, part, position, siblings, stream, event, worked_in, entry_id FROM facts WHERE run_id = $1"
        " ORDER BY recorded_at, stage, part, position",
        UUID(run.run_id),
    )


async def published(run: WorkedMeeting) -> list[tuple[str, str]]:
    """What the relay brings into the streams for this run: names of facts, and their revision."""
    gateway = run.gateway
    parts = background(gateway.database, gateway.redis, gateway.store)
    while await parts.relay.relay():
        pass
    streams = sorted([key async for key in gateway.redis.scan_iter("*.v1")])
    found = [cast(list[tuple[str, dict[str, str]]], await gateway.redis.xrange(key)) for key in streams]
    fields = [one for entries in found for _, one in entries]
    return [(one["fact"].removeprefix(f"{run.run_id}/"), one["revision"]) for one in fields]


async def current(client: httpx.AsyncClient, meeting: WorkedMeeting) -> str:
    answer = await client.get("/api/meetings")
    return str(answer.json()["meetings"][0]["run_id"])


async def finish_minutes(run: WorkedMeeting, personas: Sequence[str] = PERSONAS) -> None:
    """As the summarizer does it, projected."""
    parts = background(run.gateway.database, run.gateway.redis, run.gateway.store)
    for persona in personas:
        written = MinutesWritten(**run.subject, persona=persona, minutes_key=f"{run.folder}/minutes.json")
        await publish_as(run.gateway.redis, written, "summarize", part=persona)
    async with projecting(parts):
        await until(lambda: _has_ended(run))


async def _has_ended(run: WorkedMeeting) -> bool:
    row = await run.gateway.database.fetch_one("SELECT ended_at FROM runs WHERE id = $1", UUID(run.run_id))
    return row is not None and row["ended_at"] is not None


@pytest.mark.parametrize(
    ("stage", "reused", "first"),
    [
        ("normalize", set(), ["accept#0"]),
        ("diarize", {"normalize"}, ["normalize#0"]),
        ("match", {"normalize", "diarize"}, ["diarize#0"]),
        ("transcribe", {"normalize", "diarize", "match"}, ["match#0"]),
        ("summarize", ALL, ["assemble#1", "assemble#2", "assemble#0"]),
    ],
)
async def test_a_replay_takes_over_the_facts_before_its_stage_and_publishes_what_that_stage_consumes(
    client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, reused: set[str], first: list[str]
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, stage)
    rows = await facts(new)
    assert {row["stage"] for row in rows} == {"accept", *reused}
    assert {(row["worked_in"], row["entry_id"]) for row in rows} == {(UUID(meeting.run_id), None)}
    bodies = [json.loads(row["event"]) for row in rows]
    assert {body["run_id"] for body in bodies} == {new.run_id}
    assert {body["request_key"] for body in bodies} == {f"{new.folder}/request.json"}
    assert {body["audio_key"] for body in bodies if "audio_key" in body} <= {f"{meeting.folder}/audio.flac"}
    assert [name for name, _ in await published(new)] == first


async def test_reused_facts_keep_their_order(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    stages = [row["stage"] for row in await facts(await replay(client, meeting, "summarize"))]
    assert list(dict.fromkeys(stages)) == ["accept", "normalize", "diarize", "match", "plan", "transcribe", "assemble"]


async def test_minutes_are_planned_for_the_personas_of_the_replay(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "summarize", personas=["project_manager"])
    assembled = [row for row in await facts(new) if row["stage"] == "assemble"]
    assert [(row["position"], row["siblings"], row["stream"]) for row in assembled] == [
        (0, 2, TranscriptAssembled.stream),
        (1, 2, MinutesPlanned.stream),
    ]
    assert json.loads(assembled[0]["event"])["personas"] == ["project_manager"]
    assert json.loads(assembled[1]["event"])["persona"] == "project_manager"
    request = await new.gateway.store.load(MeetingRequest, f"{new.folder}/request.json")
    assert request.personas == ("project_manager",)


async def test_the_request_of_the_replay_is_that_of_its_origin_with_other_settings(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    settings = {"diarizer.num_speakers": 3, "diarizer.match_threshold": 0.6, "transcriber.language": "de-AT"}
    new = await replay(client, meeting, "diarize", settings=settings)
    origin = await meeting.gateway.store.load(MeetingRequest, f"{meeting.folder}/request.json")
    request = await new.gateway.store.load(MeetingRequest, f"{new.folder}/request.json")
    assert (request.title, request.personas, request.recorded_at) == ("Weekly", PERSONAS, origin.recorded_at)
    assert (request.speaker_bounds.num_speakers, request.speaker_bounds.max_speakers) == (3, None)
    assert (request.match_threshold, request.language) == (0.6, "de")


async def test_events_of_a_run_with_options_that_older_workers_lack_are_kept_from_them(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "match", settings={"diarizer.match_margin": 0.01})
    assert await published(new) == [("diarize#0", "2")]


async def test_an_old_run_with_another_origin_can_be_replayed_again(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    second = await replay(client, meeting, "summarize", current="never")
    third = await replay(client, meeting, "match", run_id=second.run_id)
    assert {row["worked_in"] for row in await facts(third)} == {UUID(meeting.run_id)}


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
    assert not await _has_ended(new)


async def test_a_replay_that_fails_takes_no_place(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    new = await replay(client, meeting, "match")
    await published(new)
    parts = background(new.gateway.database, new.gateway.redis, new.gateway.store)
    matched = SpeakersMatched.model_validate({**new.sound, "turns_key": "t", "speakers_key": "missing"})
    await publish_as(new.gateway.redis, matched, "match")
    async with projecting(parts):
        await until(lambda: _has_ended(new))
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


async def test_a_run_that_has_not_got_far_enough_says_from_where_it_can_be_replayed(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    diarized = await meeting.until_diarized()
    await meeting.fail("match", diarized)
    await meeting.end("failed")
    code, problem = await refused(client, meeting, "transcribe")
    assert (code, problem["code"]) == (409, "replay_not_possible")
    assert problem["detail"].endswith("this run can be replayed from normalize or diarize or match")
    assert (await facts(await replay(client, meeting, "match")))[-1]["stage"] == "diarize"


async def test_a_transcript_whose_facts_are_not_all_there_cannot_be_reused_yet(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.until_assembled()
    await meeting.gateway.database.execute("DELETE FROM facts WHERE stage = 'transcribe' AND part = '00001'")
    assert (await refused(client, meeting, "summarize"))[0] == 409


@pytest.mark.parametrize(
    ("stage", "wish", "field", "fault"),
    [
        (
            "summarize",
            {"personas": ["engineer", "poet"]},
            "personas",
            "no persona is called 'poet'; there are engineer, ",
        ),
        (
            "match",
            {"settings": {"diarizer.voices": 3}},
            "settings",
            "no setting diarizer.voices; there are diarizer.num",
        ),
        (
            "match",
            {"settings": {"diarizer.match_margin": 3}},
            "settings.diarizer.match_margin",
            "less than or equal to 2",
        ),
        (
            "match",
            {"settings": {"diarizer.max_speakers": 4}},
            "settings.diarizer.max_speakers",
            "concerns diarize, which a replay from match reuses",
        ),
        ("diarize", {"settings": {"diarizer.min_speakers": 9}}, "settings", "min_speakers is larger than max_speakers"),
        ("shout", {}, "from_stage", "'normalize', 'diarize', 'match', 'transcribe' or 'summarize'"),
        ("match", {"persona": "engineer"}, "persona", "there is no such field"),
    ],
)
async def test_what_does_not_exist_or_would_have_no_effect_is_refused_with_what_there_is(
    client: httpx.AsyncClient, meeting: WorkedMeeting, stage: str, wish: dict[str, Any], field: str, fault: str
) -> None:
    await meeting.complete()
    code, problem = await refused(client, meeting, stage, **wish)
    assert (code, problem["code"]) == (422, "invalid_request")
    assert problem["errors"][0]["field"] == field
    assert fault in problem["errors"][0]["message"]


async def test_the_vocabulary_also_concerns_the_minutes(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    await replay(client, meeting, "summarize", settings={"transcriber.vocabulary": ["Hansard"]})


async def test_a_refused_replay_leaves_nothing(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.until_matched()
    before = await meeting.gateway.store.list("meetings/")
    assert (await refused(client, meeting, "summarize"))[0] == 409
    assert await meeting.gateway.store.list("meetings/") == before
    assert await meeting.gateway.database.fetch("SELECT FROM uploads") == []


async def test_the_same_replay_twice_takes_effect_once(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await meeting.complete()
    url, headers = f"/api/meetings/{meeting.meeting_id}/replay", {"Idempotency-Key": "again"}
    answers = await asyncio.gather(*(client.post(url, json={"from_stage": "match"}, headers=headers) for _ in range(3)))
    assert len({one.json()["run_id"] for one in answers}) == 1
    assert sorted(one.headers.get("Idempotency-Replayed", "") for one in answers) == ["", "true", "true"]
    other = await client.post(url, json={"from_stage": "diarize"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    folders = {key.split("/")[2] for key in await meeting.gateway.store.list(f"meetings/{meeting.meeting_id}/")}
    assert {meeting.run_id, answers[0].json()["run_id"]} >= {one for one in folders if len(one) == len(meeting.run_id)}


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


async def test_a_deletion_that_waits_for_a_replay_takes_its_run_along(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
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
