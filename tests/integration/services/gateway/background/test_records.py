"""What events leave in the rows when a deletion comes in between, and when they cannot become rows."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from libs.common.events import SampleAccepted, SampleNormalized, SpeakersMatched, StageFailed, VoiceEmbedded
from libs.common.outcome import Warned
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.streams.keys import progress_key
from services.gateway.gateway import Gateway
from tests.integration.line import REPORT, until
from tests.integration.services.gateway.meeting_rows import RecordedMeeting, accept_meeting
from tests.integration.services.gateway.rows import (
    MODEL,
    VOICE,
    Background,
    accept_sample,
    background,
    is_acknowledged,
    projecting,
    publish_as,
    wait_for_lock,
)

LABELS = "hansard.test.labels"
"""Name of a lock that every insertion of a label waits for."""


@pytest.fixture
def parts(gateway: Gateway) -> Background:
    return background(gateway.database, gateway.redis, gateway.store)


@pytest.fixture
async def meeting(client: httpx.AsyncClient, gateway: Gateway) -> RecordedMeeting:
    return await accept_meeting(client, gateway)


async def embedded(gateway: Gateway, sample: SampleAccepted) -> VoiceEmbedded:
    await gateway.store.put("embedding", VOICE.model_dump_json().encode())
    return VoiceEmbedded(**sample.subject, embedding_key="embedding", model=MODEL, speech_seconds=4.0)


async def match(meeting: RecordedMeeting, speaker_id: str) -> SpeakersMatched:
    """The label of this meeting is that speaker."""
    await meeting.gateway.store.put("voice", b"a voice")
    decision = Decision(label="SPEAKER_00", reason="matched", speaker_id=speaker_id, name="Ana", embedding_key="voice")
    matches = SpeakerMatches(model=MODEL, gallery_digest=None, threshold=0.7, margin=0.05, decisions=(decision,))
    key = await meeting.keep("speakers.json", matches)
    return SpeakersMatched(**meeting.subject, audio_key="a", duration=1, turns_key="t", speakers_key=key)


async def ended(gateway: Gateway, run_id: str) -> tuple[str, str | None] | None:
    row = await gateway.database.fetch_one("SELECT * FROM runs WHERE id = $1", UUID(run_id))
    return (row["status"], row["error_code"]) if row is not None and row["ended_at"] is not None else None


async def test_recording_a_voice_and_deleting_its_speaker_do_not_deadlock(gateway: Gateway, parts: Background) -> None:
    sample = await accept_sample(gateway.database)
    await publish_as(gateway.redis, await embedded(gateway, sample), "enroll")
    speaker = UUID(sample.speaker_id)
    with capture_logs() as logs:
        async with projecting(parts):
            async with gateway.database.transaction() as deletion:
                await deletion.execute("SELECT FROM speakers WHERE id = $1 FOR UPDATE", speaker)
                await wait_for_lock(gateway.database)
                await deletion.execute("DELETE FROM speakers WHERE id = $1", speaker)
            await until(lambda: is_acknowledged(gateway.redis, VoiceEmbedded))
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == []
    assert await gateway.database.fetch("SELECT FROM voiceprints") == []


async def test_who_waits_for_the_deletion_of_a_speaker_holds_no_run_of_a_meeting(
    gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    """The reconciler might wait for it, and the deletion for runs of samples that the reconciler holds."""
    sample = await accept_sample(gateway.database)
    await publish_as(gateway.redis, await match(meeting, sample.speaker_id), "match")
    async with projecting(parts):
        async with gateway.database.transaction() as deletion:
            await deletion.execute("SELECT FROM speakers WHERE id = $1 FOR UPDATE", UUID(sample.speaker_id))
            await wait_for_lock(gateway.database)
            await deletion.execute("SELECT FROM runs FOR SHARE NOWAIT")
        await until(lambda: is_acknowledged(gateway.redis, SpeakersMatched))


async def test_a_label_that_is_written_while_its_speaker_is_deleted_is_erased(
    gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    sample = await accept_sample(gateway.database)
    event = await match(meeting, sample.speaker_id)
    await gateway.database.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" PERFORM pg_advisory_xact_lock(hashtext('{LABELS}')); RETURN NEW; END $$;"
        "CREATE TRIGGER wait BEFORE INSERT ON labels FOR EACH ROW EXECUTE FUNCTION wait()"
    )
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with gateway.database.connection() as gate, projecting(parts):
        await gate.execute("SELECT pg_advisory_lock(hashtext($1))", LABELS)
        await publish_as(gateway.redis, event, "match")
        await wait_for_lock(gateway.database)
        deletion = asyncio.create_task(gateway.speakers.delete("default", UUID(sample.speaker_id)))
        await until(lambda: _has_ended_or_waits(gateway, deletion, waiting))
        await gate.execute("SELECT pg_advisory_unlock(hashtext($1))", LABELS)
        await deletion
        await until(lambda: is_acknowledged(gateway.redis, SpeakersMatched))
    await gateway.erasures.repeat()
    assert not await gateway.store.exists("voice")


async def test_a_label_of_a_speaker_who_was_deleted_before_is_erased(
    gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    await publish_as(gateway.redis, await match(meeting, str(uuid4())), "match")
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SpeakersMatched))
    await gateway.erasures.repeat()
    assert not await gateway.store.exists("voice")


async def test_a_late_event_of_a_deleted_meeting_writes_nothing(
    gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    sample = await accept_sample(gateway.database)
    event = await match(meeting, sample.speaker_id)
    await gateway.deletion.delete("default", UUID(meeting.meeting_id))
    await gateway.redis.flushall()  # or the worker would know, and publish nothing
    await publish_as(gateway.redis, event, "match")
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, SpeakersMatched))
    assert await gateway.database.fetch("SELECT FROM labels") == []
    assert await gateway.database.fetch("SELECT FROM facts WHERE stage = 'match'") == []


async def test_an_event_that_waits_for_the_deletion_of_its_meeting_writes_nothing(
    gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    sample = await accept_sample(gateway.database)
    await publish_as(gateway.redis, await match(meeting, sample.speaker_id), "match")
    async with projecting(parts):
        async with gateway.database.transaction() as deletion:
            await deletion.execute("UPDATE meetings SET deleted_at = now()")
            await deletion.execute("UPDATE runs SET status = 'cancelled', ended_at = now()")
            await wait_for_lock(gateway.database)
        await until(lambda: is_acknowledged(gateway.redis, SpeakersMatched))
    assert await gateway.database.fetch("SELECT FROM labels") == []


async def test_a_text_with_nul_becomes_a_row_without_it(
    gateway: Gateway, parts: Background, meeting: RecordedMeeting
) -> None:
    failure = StageFailed(
        workspace="default", run_id=meeting.run_id, stage="normalize", unit_part="", code="bad_audio",
        message=r"a \u0000 and a" + " \x00 byte", attempts=1,
    )  # fmt: skip
    report = REPORT.model_copy(update={"warnings": (Warned(code="odd", message="\x00", stage="normalize"),)})
    await publish_as(gateway.redis, failure, "normalize", report=report)
    async with projecting(parts):
        await until(lambda: ended(gateway, meeting.run_id))
    [row] = await gateway.database.fetch("SELECT error_code, error_message FROM runs")
    assert (row["error_code"], row["error_message"]) == ("bad_audio", r"a \u0000 and a  byte")


async def test_a_run_whose_voice_is_lost_ends_as_failed(gateway: Gateway, parts: Background) -> None:
    sample = await accept_sample(gateway.database)
    await gateway.database.execute("UPDATE outbox SET sent_at = now()")
    event = VoiceEmbedded(**sample.subject, embedding_key="lost", model=MODEL, speech_seconds=4.0)
    await publish_as(gateway.redis, event, "enroll")
    async with projecting(parts):
        await until(lambda: ended(gateway, sample.run_id))
    assert await ended(gateway, sample.run_id) == ("failed", "object_missing")


async def test_a_run_whose_event_cannot_become_a_row_ends_as_failed(gateway: Gateway, parts: Background) -> None:
    sample = await accept_sample(gateway.database)
    speechless = SampleNormalized(**sample.subject, audio_key="a", duration=1).model_copy(update={"duration": -1})
    await publish_as(gateway.redis, speechless, "normalize_sample")
    async with projecting(parts):
        await until(lambda: ended(gateway, sample.run_id))
    assert await ended(gateway, sample.run_id) == ("failed", "unreadable_event")


async def test_an_event_that_cannot_become_a_row_leaves_an_ended_run_as_it_is(
    gateway: Gateway, parts: Background
) -> None:
    sample = await accept_sample(gateway.database)
    await gateway.database.execute("UPDATE runs SET status = 'cancelled', ended_at = now()")
    event = VoiceEmbedded(**sample.subject, embedding_key="lost", model=MODEL, speech_seconds=4.0)
    await publish_as(gateway.redis, event, "enroll")
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, VoiceEmbedded))
    assert await ended(gateway, sample.run_id) == ("cancelled", None)


async def test_an_event_of_no_run_holds_up_nothing(gateway: Gateway, parts: Background) -> None:
    sample = await accept_sample(gateway.database)
    stranger = sample.model_copy(update={"run_id": "nobody", "speaker_id": "no-uuid"})
    await publish_as(gateway.redis, stranger, "accept")
    await publish_as(gateway.redis, await embedded(gateway, sample), "enroll")
    async with projecting(parts):
        await until(lambda: ended(gateway, sample.run_id))
    assert await ended(gateway, sample.run_id) == ("completed", None)


async def test_what_killed_workers_had_in_hand_is_forgotten_when_the_run_ends(
    gateway: Gateway, parts: Background
) -> None:
    sample = await accept_sample(gateway.database)
    await gateway.redis.hset(progress_key(sample.run_id), "enroll", "{}")
    await publish_as(gateway.redis, await embedded(gateway, sample), "enroll")
    async with projecting(parts):
        await until(lambda: is_acknowledged(gateway.redis, VoiceEmbedded))
    assert not await gateway.redis.exists(progress_key(sample.run_id))


async def _has_ended_or_waits(gateway: Gateway, task: asyncio.Task[object], waiting: str) -> bool:
    """The deletion has ended, or it waits as the projection does."""
    return task.done() or len(await gateway.database.fetch(waiting)) > 1
