"""Results say how many speakers could not be recognized, because only another engine had heard them."""

import httpx
import pytest

from libs.common.events import SpeakersMatched
from libs.common.speech import EmbeddingModel
from services.gateway.gateway import Gateway
from tests.integration.services.gateway.meeting_rows import MATCHES, RecordedMeeting, accept_meeting
from tests.integration.services.gateway.voices import NEW, OLD, embed, enrolled, newest_run, reembed
from tests.integration.services.gateway.voices import diarizer_lives as lives


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


async def match(meeting: RecordedMeeting, model: EmbeddingModel | None) -> None:
    """Everything up to the transcript, matched with a model."""
    await meeting.transcribe()
    event = await meeting.gateway.database.fetch_one(
        "SELECT event FROM facts WHERE stream = $1", SpeakersMatched.stream
    )
    assert event is not None
    matched = SpeakersMatched.model_validate_json(event["event"])
    matches = MATCHES.model_copy(update={"model": model})
    await meeting.gateway.store.put(matched.speakers_key, matches.model_dump_json().encode())


async def unrecognized(client: httpx.AsyncClient, meeting: RecordedMeeting) -> list[str]:
    answer = await client.get(f"/api/meetings/{meeting.meeting_id}/results")
    assert answer.status_code == 200, answer.text
    warnings = answer.json()["warnings"]
    return [one["message"] for one in warnings if one["code"] == "speakers_without_voiceprint"]


async def test_speakers_of_another_engine_are_counted(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    for model in (OLD, OLD, OLD, NEW):
        await enrolled(gateway, model)
    await match(meeting, NEW)
    [message] = await unrecognized(client, meeting)
    assert message.startswith("3 speakers were enrolled with another engine and could not be recognized; ")
    assert "`hansard speakers re-embed`" in message


async def test_what_is_embedded_after_the_matching_changes_nothing(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    clip = await enrolled(gateway)
    await match(meeting, NEW)
    await lives(gateway, NEW)
    await reembed(client)
    await embed(gateway, await newest_run(gateway, clip), NEW)
    [message] = await unrecognized(client, meeting)
    assert message.startswith("1 speaker was ")


@pytest.mark.parametrize("model", [OLD, None])
async def test_nothing_is_said_where_nobody_was_missed(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting, model: EmbeddingModel | None
) -> None:
    await enrolled(gateway)
    await match(meeting, model)
    assert await unrecognized(client, meeting) == []


async def test_the_speakers_of_other_workspaces_are_not_counted(
    client: httpx.AsyncClient, gateway: Gateway, meeting: RecordedMeeting
) -> None:
    await enrolled(gateway)
    await gateway.database.execute("INSERT INTO workspaces (id) VALUES ('theirs')")
    await gateway.database.execute("UPDATE voiceprints SET workspace = 'theirs'")
    await match(meeting, NEW)
    assert await unrecognized(client, meeting) == []
