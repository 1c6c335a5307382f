"""The history of a meeting and of a speaker, from the facts alone."""

import datetime
from uuid import UUID

import httpx
import pytest

from libs.common.events import AudioNormalized, ChunkPlanned, ChunkTranscribed
from libs.common.speech import Segment
from services.gateway.gateway import Gateway
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting
from tests.integration.services.gateway.rows import accept_sample

BEGIN = datetime.datetime(2026, 3, 2, 10, 0, tzinfo=datetime.UTC)


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


async def place(
    meeting: RecordedMeeting, stage: str, *, part: str | None = None, began: float, seconds: float, recorded: float
) -> None:
    """Say when a unit was worked and recorded, in seconds since the beginning."""
    await meeting.gateway.database.execute(
        "UPDATE facts SET recorded_at = $1,"
        " report = report || jsonb_build_object('started_at', $2::text, 'seconds', $3::float)"
        " WHERE run_id = $4 AND stage = $5 AND part = coalesce($6, part)",
        BEGIN + datetime.timedelta(seconds=recorded),
        (BEGIN + datetime.timedelta(seconds=began)).isoformat(),
        seconds,
        UUID(meeting.run_id),
        stage,
        part,
    )


async def test_each_event_says_how_long_it_waited_and_worked(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    audio = AudioNormalized(**meeting.subject, audio_key="a", duration=3.5)
    await meeting.record("normalize", audio)
    await meeting.fail("diarize")
    await meeting.gateway.database.execute("UPDATE runs SET created_at = $1", BEGIN)
    await place(meeting, "accept", began=-1, seconds=1, recorded=0)
    await place(meeting, "normalize", began=2, seconds=3, recorded=5.5)
    await place(meeting, "diarize", began=7, seconds=20, recorded=28)
    answer = await client.get(f"/api/meetings/{meeting.meeting_id}/events")
    assert answer.status_code == 200, answer.text
    accepted, normalized, failed = answer.json()["events"]
    assert [one["event"] for one in (accepted, normalized, failed)] == [
        f"{meeting.run_id}/accept#0", f"{meeting.run_id}/normalize#0", f"{meeting.run_id}/diarize#0",
    ]  # fmt: skip
    assert [one["since_start"] for one in (accepted, normalized, failed)] == [0.0, 5.5, 28.0]
    assert [one["since_previous"] for one in (accepted, normalized, failed)] == [0.0, 5.5, 22.5]
    assert [one["queued"] for one in (accepted, normalized, failed)] == [None, 2.0, 2.0]
    assert (normalized["seconds"], normalized["engine"], normalized["given_up"]) == (3.0, "normalize-engine", None)
    assert failed["given_up"] == {"code": "engine_crashed", "message": "it died"}
    assert normalized["body"]["audio_key"] == "a"
    assert (normalized["meeting_id"], normalized["attempts"]) == (meeting.meeting_id, 1)


async def test_a_chunk_waits_for_its_own_plan(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    planned = ChunkPlanned(
        **meeting.subject, audio_key="a", duration=60, turns_key="t", speakers_key="s", index=1, num_chunks=2,
        segment=Segment(start=30, end=60),
    )  # fmt: skip
    await meeting.record("plan", planned)
    transcribed = ChunkTranscribed(
        **planned.model_dump(), words_key=None, error_code="stalled", error_message="it hung"
    )
    await meeting.record("transcribe", transcribed, part="00001")
    await meeting.gateway.database.execute("UPDATE runs SET created_at = $1", BEGIN)
    await place(meeting, "plan", began=1, seconds=1, recorded=3)
    await place(meeting, "transcribe", began=9, seconds=1, recorded=11)
    events = (await client.get(f"/api/meetings/{meeting.meeting_id}/events")).json()["events"]
    chunk = next(one for one in events if one["stage"] == "transcribe")
    assert chunk["event"] == f"{meeting.run_id}/transcribe.00001#0"
    assert chunk["queued"] == 7.0
    assert chunk["given_up"] == {"code": "stalled", "message": "it hung"}


async def test_a_fan_in_waits_for_the_last_input_that_was_there(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    for index in range(3):
        chunk = ChunkTranscribed(
            **meeting.subject, audio_key="a", duration=60, turns_key="t", speakers_key="s", index=index, num_chunks=3,
            segment=Segment(start=0, end=60), words_key="w",
        )  # fmt: skip
        await meeting.record("transcribe", chunk, part=f"{index:05d}")
    await meeting.fail("assemble")
    await meeting.gateway.database.execute("UPDATE runs SET created_at = $1", BEGIN)
    for part, began in (("00000", 1), ("00001", 4), ("00002", 30)):
        await place(meeting, "transcribe", part=part, began=began, seconds=1, recorded=began + 1)
    await place(meeting, "assemble", began=7, seconds=1, recorded=9)
    events = (await client.get(f"/api/meetings/{meeting.meeting_id}/events")).json()["events"]
    assert next(one for one in events if one["stage"] == "assemble")["queued"] == 2.0


async def test_pages_join_without_a_seam(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    path = f"/api/meetings/{meeting.meeting_id}/events"
    whole = (await client.get(path)).json()
    parameters = {"limit": "2"}
    found: list[object] = []
    while True:
        page = (await client.get(path, params=parameters)).json()
        found += page["events"]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert found == whole["events"]
    assert len(found) == 5
    wrong = await client.get(path, params={"cursor": "nonsense"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "cursor")


async def test_history_outlives_redis(client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    await gateway.redis.flushall()
    answer = await client.get(f"/api/meetings/{meeting.meeting_id}/events", params={"run": meeting.run_id})
    assert [one["stage"] for one in answer.json()["events"]] == ["accept", "normalize", "diarize", "match", "assemble"]


@pytest.mark.parametrize("run", ["nonsense", "3fe1acd1-0fa0-4217-a611-9745a3b36c77"])
async def test_a_run_of_nothing_is_not_found(client: httpx.AsyncClient, meeting: RecordedMeeting, run: str) -> None:
    answer = await client.get(f"/api/meetings/{meeting.meeting_id}/events", params={"run": run})
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


async def test_another_workspace_has_no_history(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    sample = await accept_sample(gateway.database)
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('other')")
    for table in ("meetings", "speakers", "samples"):
        await gateway.database.execute(f"UPDATE {table} SET workspace = 'other'")
    answer = await client.get(f"/api/meetings/{meeting.meeting_id}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "meeting_not_found")
    answer = await client.get(f"/api/speakers/{sample.speaker_id}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "speaker_not_found")


async def test_a_speaker_has_the_events_of_all_samples(client: httpx.AsyncClient, gateway: Gateway) -> None:
    sample = await accept_sample(gateway.database)
    answer = await client.get(f"/api/speakers/{sample.speaker_id}/events")
    [event] = answer.json()["events"]
    assert (event["sample_id"], event["stream"], event["stage"]) == (sample.sample_id, sample.stream, "accept")
