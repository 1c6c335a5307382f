"""Units that were given up: which are listed, what is shown of them, and how they leave the list."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from libs.common.events import ChunkPlanned, ChunkTranscribed, SpeechDiarized
from libs.common.outcome import GivenUp, Outcome, PublishedEvent, Report, Unit, outcome_key
from libs.common.speech import Segment
from services.gateway.gateway import Gateway
from tests.integration.line import REPORT
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting
from tests.integration.services.gateway.rows import accept_sample

PATH = "/api/pipeline/dead"
NO_RUN = "3fe1acd1-0fa0-4217-a611-9745a3b36c77"
CRASHED = GivenUp(code="engine_crashed", message="it died")


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


def planned(meeting: RecordedMeeting) -> ChunkPlanned:
    return ChunkPlanned(
        **meeting.subject, audio_key="a", duration=60, turns_key="t", speakers_key="s", index=1, num_chunks=2,
        segment=Segment(start=30, end=60),
    )  # fmt: skip


async def leave_gap(meeting: RecordedMeeting, code: str = "engine_stalled") -> str:
    """The name of the event."""
    chunk = ChunkTranscribed(**planned(meeting).model_dump(), words_key=None, error_code=code, error_message="it hung")
    await meeting.record("transcribe", chunk, part="00001")
    return f"{meeting.run_id}/transcribe.00001#0"


async def fall_back(meeting: RecordedMeeting) -> str:
    diarized = SpeechDiarized(**meeting.subject, audio_key="a", duration=3.5, turns_key="t")
    await meeting.record("diarize", diarized)
    await meeting.gateway.database.execute(
        "UPDATE facts SET report = jsonb_set(report, '{given_up}', $1) WHERE stage = 'diarize'",
        CRASHED.model_dump_json(),
    )
    return f"{meeting.run_id}/diarize#0"


async def letters(client: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    answer = await client.get(PATH, params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["letters"])


async def names(client: httpx.AsyncClient, **parameters: str) -> list[str]:
    return [one["event"] for one in await letters(client, **parameters)]


def address(event: str) -> str:
    return f"{PATH}/{event.removesuffix('#0')}"


async def new_run(meeting: RecordedMeeting, status: str) -> UUID:
    run = uuid4()
    await meeting.gateway.database.execute(
        "INSERT INTO runs (id, workspace, meeting_id, folder, status) SELECT $1, workspace, meeting_id, 'f', $3"
        " FROM runs WHERE id = $2",
        run, UUID(meeting.run_id), status,
    )  # fmt: skip
    return run


async def test_failures_gaps_and_what_fell_back_are_listed_newest_first(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    await meeting.record("plan", planned(meeting))
    expected = [await fall_back(meeting), await leave_gap(meeting)]
    await meeting.fail("summarize", part="executive")
    failed, gap, fell_back = await letters(client)
    assert [gap["event"], fell_back["event"]] == expected[::-1]
    assert failed["event"] == f"{meeting.run_id}/summarize.executive#0"
    assert [one["kind"] for one in (failed, gap, fell_back)] == ["failed", "fell_back", "fell_back"]
    assert (gap["code"], gap["message"], gap["input"]) == ("engine_stalled", "it hung", f"{meeting.run_id}/plan#0")
    assert (fell_back["code"], fell_back["message"]) == (CRASHED.code, CRASHED.message)
    assert {(one["meeting_id"], one["filename"]) for one in (failed, gap, fell_back)} == {
        (meeting.meeting_id, "weekly.wav")
    }
    assert (failed["meeting_id"], failed["run_id"], failed["attempts"]) == (meeting.meeting_id, meeting.run_id, 1)


async def test_a_code_selects_and_all_codes_are_counted(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    gap, fallback = await leave_gap(meeting), await fall_back(meeting)
    assert (await client.get(PATH)).json()["codes"] == {"engine_crashed": 1, "engine_stalled": 1}
    assert await names(client, code="engine_stalled") == [gap]
    assert await names(client, code="engine_crashed") == [fallback]
    assert await names(client, code="other") == []


async def test_pages_show_every_letter_once(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meetings = [await accept_meeting(client, gateway) for _ in range(5)]
    for one in meetings:
        await one.fail("normalize")
    found: list[str] = []
    parameters = {"limit": "2"}
    while True:
        page = (await client.get(PATH, params=parameters)).json()
        found += [one["run_id"] for one in page["letters"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert found == [one.run_id for one in meetings[::-1]]


@pytest.mark.parametrize("cursor", ["nonsense", "bm9u", "MjAyNi0wMy0wMlQxMDowMDowMCBhL2I"])
async def test_a_cursor_that_no_answer_contained_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get(PATH, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_pages_go_on_although_the_last_letter_was_deleted(client: httpx.AsyncClient, gateway: Gateway) -> None:
    meetings = [await accept_meeting(client, gateway) for _ in range(3)]
    for one in meetings:
        await one.fail("normalize")
    page = (await client.get(PATH, params={"limit": "1"})).json()
    await gateway.database.execute("DELETE FROM facts WHERE run_id = $1", UUID(meetings[2].run_id))
    assert await names(client, cursor=page["next_cursor"]) == [f"{one.run_id}/normalize#0" for one in meetings[1::-1]]


@pytest.mark.parametrize("path", [f"{PATH}?code=%00", f"{PATH}/{NO_RUN}/a%00b"])
async def test_a_text_that_postgres_cannot_hold_is_no_letter(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code in {200, 404, 422}


async def test_a_letter_shows_the_whole_outcome_with_its_input(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    gap = await leave_gap(meeting)
    unit = Unit(run_id=meeting.run_id, stage="transcribe", part="00001")
    outcome = Outcome(
        unit=unit, status="finished", published=(), report=REPORT, input=PublishedEvent.of(planned(meeting))
    )
    key = outcome_key(f"meetings/{meeting.meeting_id}/{meeting.run_id}", unit)
    await gateway.store.put(key, outcome.model_dump_json().encode())
    shown = (await client.get(address(gap))).json()
    assert shown["letter"]["event"] == gap
    assert shown["outcome"]["input"]["body"]["index"] == 1
    escaped = await client.get(f"{PATH}/{meeting.run_id}/transcribe.00001%230")
    assert escaped.json() == shown


async def test_a_letter_without_an_outcome_is_shown_all_the_same(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    assert (await client.get(address(await leave_gap(meeting)))).json()["outcome"] is None


@pytest.mark.parametrize("unit", ["nonsense/normalize", f"{NO_RUN}/normalize"])
@pytest.mark.parametrize(("method", "what"), [("GET", ""), ("POST", "/drop")])
async def test_what_was_not_given_up_is_not_found(client: httpx.AsyncClient, unit: str, method: str, what: str) -> None:
    answer = await client.request(method, f"{PATH}/{unit}{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "dead_letter_not_found")


async def test_dropping_takes_a_letter_off_the_list_and_changes_nothing_else(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    gap, fallback = await leave_gap(meeting), await fall_back(meeting)
    before = (await client.get(f"/api/meetings/{meeting.meeting_id}/events")).json()
    answer = await client.post(f"{address(gap)}/drop")
    assert answer.json() == {"count": 1, "events": [gap], "dry_run": False}
    assert await names(client) == [fallback]
    assert (await client.get(f"/api/meetings/{meeting.meeting_id}/events")).json() == before
    assert (await client.post(f"{address(gap)}/drop")).status_code == 404


async def test_a_dry_run_only_says_which_would_be_dropped(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    gap, fallback = await leave_gap(meeting), await fall_back(meeting)
    answer = await client.post(f"{PATH}/drop", params={"code": "engine_stalled", "dry_run": "true"})
    assert answer.json() == {"count": 1, "events": [gap], "dry_run": True}
    assert len(await names(client)) == 2
    await client.post(f"{PATH}/drop", params={"code": "engine_stalled"})
    assert await names(client) == [fallback]
    assert (await client.post(f"{PATH}/drop", params={"all": "true"})).json()["count"] == 1
    assert await names(client) == []


@pytest.mark.parametrize("parameters", [{}, {"code": "x", "all": "true"}])
async def test_whose_letters_are_meant_has_to_be_said(client: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    answer = await client.post(f"{PATH}/drop", params=parameters)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "code")


async def test_what_was_completed_since_deleted_or_cancelled_is_not_listed(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    meetings = [await accept_meeting(client, gateway) for _ in range(5)]
    completed, failed, deleted, buried, cancelled = meetings
    for one in meetings:
        await one.fail("normalize")
    await new_run(completed, "completed")
    await new_run(failed, "failed")
    await client.delete(f"/api/meetings/{deleted.meeting_id}")
    # As the first release deleted: it left the facts.
    await gateway.database.execute("UPDATE meetings SET deleted_at = now() WHERE id = $1", UUID(buried.meeting_id))
    await cancelled.end("cancelled")
    assert [one["run_id"] for one in await letters(client)] == [failed.run_id]


async def test_what_a_replay_took_over_is_listed_once(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    gap = await leave_gap(meeting)
    replay = await new_run(meeting, "processing")
    copy = (
        "INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report, worked_in)"
        " SELECT $1, stage, part, position, siblings, stream, event, report, run_id FROM facts"
        " WHERE stage = 'transcribe'"
    )
    await meeting.gateway.database.execute(copy, replay)
    assert await names(client) == [gap]
    await meeting.gateway.database.execute("UPDATE runs SET status = 'completed' WHERE id = $1", replay)
    taken_over = f"{replay}/transcribe.00001#0"
    assert await names(client) == [taken_over]
    await client.post(f"{address(taken_over)}/drop")
    another = await new_run(meeting, "completed")
    await meeting.gateway.database.execute(f"{copy} AND run_id = $2", another, UUID(meeting.run_id))
    assert await names(client) == []


async def test_another_workspace_has_no_letters(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    gap = await leave_gap(meeting)
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('other')")
    await gateway.database.execute("UPDATE runs SET workspace = 'other'")
    assert await names(client) == []
    assert (await client.get(address(gap))).status_code == 404
    assert (await client.post(f"{address(gap)}/drop")).status_code == 404
    assert (await client.post(f"{PATH}/drop", params={"all": "true"})).json()["count"] == 0


async def test_a_sample_that_failed_is_a_letter_until_its_speaker_is_deleted(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    sample = await accept_sample(gateway.database)
    failure = '{"stage": "enroll", "unit_part": "", "code": "no_speech", "message": "nobody speaks"}'
    await gateway.database.execute(
        "INSERT INTO facts (run_id, stage, part, position, siblings, stream, event, report)"
        " VALUES ($1, 'enroll', '', 0, 1, 'stage.failed.v1', $2, $3)",
        UUID(sample.run_id), failure, Report(started_at=REPORT.started_at, seconds=1, attempts=2).model_dump_json(),
    )  # fmt: skip
    [letter] = await letters(client)
    assert (letter["speaker_id"], letter["sample_id"]) == (sample.speaker_id, sample.sample_id)
    assert letter["speaker_name"] == f"Ana {sample.speaker_id}"
    assert (letter["code"], letter["attempts"], letter["meeting_id"]) == ("no_speech", 2, None)
    await client.delete(f"/api/speakers/{sample.speaker_id}")
    assert await letters(client) == []


@pytest.mark.parametrize("run_id", [NO_RUN, "bogus"])
async def test_a_letter_that_is_not_there_is_called_by_its_whole_name(client: httpx.AsyncClient, run_id: str) -> None:
    answer = await client.get(address(f"{run_id}/transcribe.00000#0"))
    assert answer.json()["detail"] == f"there is no dead letter {run_id}/transcribe.00000#0"
