"""Results are served from the transcript on, and a cache can only give what the run's version says."""

from uuid import UUID

import httpx
import pytest

from libs.common.minutes import Usage
from libs.common.rttm import read_rttm
from services.gateway.gateway import Gateway
from services.gateway.runs.results import results_key
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


async def get(client: httpx.AsyncClient, meeting: RecordedMeeting, **parameters: str) -> httpx.Response:
    return await client.get(f"/api/meetings/{meeting.meeting_id}/results", params=parameters)


async def test_results_are_not_ready_before_the_transcript(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    answer = await get(client, meeting)
    assert (answer.status_code, answer.json()["code"]) == (409, "results_not_ready")
    assert answer.json()["meeting_status"] == "accepted"
    assert int(answer.headers["Retry-After"]) > 0


async def test_results_come_with_the_transcript_and_minutes_follow(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    first = (await get(client, meeting)).json()
    assert (first["title"], first["duration"], first["language"]) == ("Weekly", 3.5, "en")
    assert [(one["label"], one["name"]) for one in first["speakers"]] == [
        ("SPEAKER_00", "Ana Lindqvist"),
        ("SPEAKER_01", None),
    ]
    assert [(one["id"], one["name"], one["text"]) for one in first["utterances"]] == [
        ("u0001", "Ana Lindqvist", "We ship"),
        ("u0002", None, "Fine"),
    ]
    assert first["utterances"][0]["words"][1] == {"start": 1.0, "end": 2.0, "text": "ship", "probability": 0.8}
    assert (first["minutes"], first["pending_personas"]) == ({}, ["executive", "engineer"])
    assert first["warnings"] == [{"code": "option_ignored", "message": "vocabulary is ignored", "stage": "assemble"}]

    await meeting.summarize("engineer")
    second = (await get(client, meeting)).json()
    assert second["minutes"]["engineer"]["decisions"][0]["evidence"] == ["u0001"]
    assert second["pending_personas"] == ["executive"]
    assert second["engines"]["diarize"] == {"name": "diarize-engine", "models": {}}


async def test_minutes_come_in_the_order_asked_for(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    await meeting.summarize("engineer")
    await meeting.summarize("executive")
    assert list((await get(client, meeting)).json()["minutes"]) == ["executive", "engineer"]
    shown = (await get(client, meeting, format="md")).text
    assert shown.index("For the executive") < shown.index("For the engineer")


async def test_what_the_minutes_took_is_shown_for_each_and_in_all(
    client: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    usage = Usage(calls=3, cached_calls=1, input_tokens=900, output_tokens=100, cost_usd=0.25)
    await meeting.transcribe()
    await meeting.summarize("engineer", usage)
    await meeting.summarize("executive", usage)
    results = (await get(client, meeting)).json()
    assert results["minutes"]["engineer"]["usage"] == usage.model_dump()
    assert results["usage"] == (usage + usage).model_dump()
    status = (await client.get(f"/api/meetings/{meeting.meeting_id}/status")).json()
    assert status["stages"]["summarize"]["usage"] == (usage + usage).model_dump()


async def test_minutes_that_failed_are_a_warning(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    await meeting.fail("summarize", part="engineer")
    await meeting.summarize("executive")
    await meeting.end("completed")
    results = (await get(client, meeting)).json()
    assert "minutes_failed" in [one["code"] for one in results["warnings"]]
    assert (list(results["minutes"]), results["pending_personas"]) == (["executive"], [])


async def test_a_meeting_that_failed_says_why(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.fail("normalize")
    await meeting.end("failed", code="engine_crashed", stage="normalize")
    answer = await get(client, meeting)
    assert (answer.status_code, answer.json()["code"]) == (409, "meeting_failed")
    assert answer.json()["error"] == {"code": "engine_crashed", "message": "engine_crashed", "stage": "normalize"}


async def test_a_meeting_that_was_cancelled_says_so(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await client.post(f"/api/meetings/{meeting.meeting_id}/cancel")
    answer = await get(client, meeting)
    assert (answer.status_code, answer.json()["code"]) == (409, "meeting_cancelled")


@pytest.mark.parametrize("meeting_id", ["no-uuid", "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"])
async def test_an_unknown_meeting_is_not_found(client: httpx.AsyncClient, meeting_id: str) -> None:
    answer = await client.get(f"/api/meetings/{meeting_id}/results")
    assert (answer.status_code, answer.json()["code"]) == (404, "meeting_not_found")


async def test_a_slow_reader_cannot_store_an_old_answer_for_the_new_version(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    slow = await gateway.results.run("default", UUID(meeting.meeting_id))
    old = (await get(client, meeting)).text
    await meeting.summarize("engineer")
    await gateway.redis.set(results_key(slow.id, slow.version), old)  # the slow reader comes only now
    assert "engineer" in (await get(client, meeting)).json()["minutes"]


async def test_the_second_reader_is_served_from_the_cache(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    first = await get(client, meeting)
    await gateway.store.delete_prefix("meetings/")
    assert (await get(client, meeting)).text == first.text


async def test_without_redis_results_and_status_are_answered(
    client_without_redis: httpx.AsyncClient, meeting: RecordedMeeting
) -> None:
    await meeting.transcribe()
    assert (await get(client_without_redis, meeting)).status_code == 200
    status = await client_without_redis.get(f"/api/meetings/{meeting.meeting_id}/status")
    assert (status.status_code, status.json()["stages"]["diarize"]["status"]) == (200, "completed")


async def test_a_reader_who_has_this_version_gets_no_body(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    url = f"/api/meetings/{meeting.meeting_id}/results"
    tag = (await client.get(url)).headers["ETag"]
    again = await client.get(url, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    await meeting.summarize("engineer")
    assert (await client.get(url, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("chosen", "media_type", "content"),
    [
        ("txt", "text/plain; charset=utf-8", "[00:00] Ana Lindqvist: We ship"),
        ("md", "text/markdown; charset=utf-8", "# Weekly"),
        ("srt", "application/x-subrip; charset=utf-8", "Ana Lindqvist: We ship"),
        ("vtt", "text/vtt; charset=utf-8", "<v Ana Lindqvist>We ship"),
    ],
)
async def test_results_can_be_had_as_files(
    client: httpx.AsyncClient, meeting: RecordedMeeting, chosen: str, media_type: str, content: str
) -> None:
    await meeting.transcribe()
    answer = await get(client, meeting, format=chosen)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert content in answer.text


async def test_rttm_has_the_turns_of_the_diarizer(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    await meeting.transcribe()
    turns = read_rttm((await get(client, meeting, format="rttm")).text)
    assert [(one.start, one.end, one.label) for one in turns] == [(0.5, 2.0, "Ana_Lindqvist"), (2.0, 3.0, "SPEAKER_01")]


async def test_an_unknown_format_is_refused(client: httpx.AsyncClient, meeting: RecordedMeeting) -> None:
    answer = await get(client, meeting, format="docx")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "format")
