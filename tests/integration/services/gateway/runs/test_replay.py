"""A replay takes over what is there, with other settings, or says why it cannot."""

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.common.events import MinutesPlanned, TranscriptAssembled
from libs.common.request import MeetingRequest
from tests.integration.services.gateway.replays import facts, published, refused, replay
from tests.integration.services.gateway.worked_meeting import PERSONAS, WorkedMeeting

ALL = {"normalize", "diarize", "match", "plan", "transcribe", "assemble"}


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


async def test_taking_a_setting_back_is_another_request_than_leaving_it(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await meeting.complete()
    url, headers = f"/api/meetings/{meeting.meeting_id}/replay", {"Idempotency-Key": "again"}
    wish = {"from_stage": "diarize"}
    assert (await client.post(url, json=wish, headers=headers)).status_code == 202
    other = await client.post(url, json={**wish, "settings": {"diarizer.max_speakers": None}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
