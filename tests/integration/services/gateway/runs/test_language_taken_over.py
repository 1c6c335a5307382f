"""A run that takes over chunks takes over the language in which they were heard."""

from uuid import UUID

from libs.common.engine import EngineInfo
from libs.common.transcript import MeetingLanguage, language_key
from tests.integration.services.gateway.worked_meeting import WorkedMeeting

HEARD = MeetingLanguage(language="nn", probability=0.4, passages=(), engine=EngineInfo(name="faster-whisper"))


def folder(meeting: WorkedMeeting, run_id: str) -> str:
    return f"meetings/{meeting.meeting_id}/{run_id}"


async def test_the_chunks_of_a_retry_are_heard_in_the_language_of_those_that_it_took_over(
    meeting: WorkedMeeting,
) -> None:
    store = meeting.gateway.store
    await meeting.until_matched()
    first, lost, last = await meeting.plan()
    await store.put_new(language_key(folder(meeting, meeting.run_id)), HEARD.model_dump_json().encode())
    await meeting.transcribe(first)
    await meeting.lose(lost)
    await meeting.transcribe(last)
    for planned in await meeting.assemble():
        await meeting.summarize(planned)
    await meeting.end("completed")

    retried = await meeting.gateway.replays.retry("default", UUID(meeting.run_id))

    assert await store.load(MeetingLanguage, language_key(folder(meeting, retried.run_id))) == HEARD


async def test_a_retry_of_minutes_has_no_use_for_the_language(meeting: WorkedMeeting) -> None:
    store = meeting.gateway.store
    (lost, *others) = await meeting.until_assembled()
    await store.put_new(language_key(folder(meeting, meeting.run_id)), HEARD.model_dump_json().encode())
    for planned in others:
        await meeting.summarize(planned)
    await meeting.fail("summarize", lost, part=lost.part)
    await meeting.end("completed")

    retried = await meeting.gateway.replays.retry("default", UUID(meeting.run_id))

    assert not await store.exists(language_key(folder(meeting, retried.run_id)))
