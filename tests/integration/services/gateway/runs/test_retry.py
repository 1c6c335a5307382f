"""What was given up is worked again in a new run, which takes over everything that succeeded."""

import asyncio
import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import httpx
import pytest

from libs.common.errors import ObjectMissing
from libs.common.events import (
    ChunkPlanned,
    ChunkTranscribed,
    Event,
    MinutesPlanned,
    MinutesWritten,
    SampleNormalized,
    StageFailed,
)
from libs.common.outcome import Unit, outcome_key
from libs.common.request import MeetingRequest
from libs.common.runtime.worker import Worker
from libs.common.speech import Segment
from libs.common.stage import Stage, Work
from libs.common.transcript import ChunkWords
from services.gateway.errors import NothingGivenUp, RunInProgress, RunNotFound
from services.gateway.gateway import Gateway
from services.transcriber.stages import assemble_stage
from tests.integration.interleaving import interleaved, on_call, once
from tests.integration.line import entries, normalized, until
from tests.integration.services.gateway.replays import current, has_ended, replay
from tests.integration.services.gateway.rows import (
    Background,
    accept_sample,
    background,
    projecting,
    publish_as,
    wait_for_lock,
)
from tests.integration.services.gateway.worked_meeting import WorkedMeeting


async def lose_a_chunk(meeting: WorkedMeeting) -> None:
    """The meeting is completed, with a gap in its transcript."""
    await meeting.until_matched()
    first, lost, last = await meeting.plan()
    await meeting.transcribe(first)
    await meeting.lose(lost)
    await meeting.transcribe(last)
    for planned in await meeting.assemble():
        await meeting.summarize(planned)
    await meeting.end("completed")


async def lose_minutes(meeting: WorkedMeeting) -> None:
    """The meeting is completed, but the minutes for one persona failed."""
    first, lost = await meeting.until_assembled()
    await meeting.summarize(first)
    await meeting.fail("summarize", lost, part=lost.part)
    await meeting.end("completed")


async def retry(meeting: WorkedMeeting) -> WorkedMeeting:
    retried = await meeting.gateway.replays.retry("default", UUID(meeting.run_id))
    assert (retried.meeting_id, retried.origin_run_id) == (meeting.meeting_id, meeting.run_id)
    return WorkedMeeting(meeting.gateway, meeting.meeting_id, retried.run_id)


class Workers:
    """Stages that note what they are asked for, beside the real one that assembles transcripts."""

    def __init__(self, gateway: Gateway) -> None:
        self.asked: list[str] = []
        self.parts: Background = background(gateway.database, gateway.redis, gateway.store)
        self._gateway = gateway

    async def work_until_ended(self, run: WorkedMeeting) -> None:
        gateway, stopped = self._gateway, asyncio.Event()
        stages: list[Stage[Any]] = [
            Stage(name="transcribe", consumes=ChunkPlanned, handle=self._transcribe),
            assemble_stage(gateway.store),
            Stage(name="summarize", consumes=MinutesPlanned, handle=self._summarize),
        ]
        worker = Worker(gateway.redis, gateway.store, stages, service="test", lease=1.0)
        running = asyncio.create_task(worker.run(stopped, grace=0.1))
        await self.parts.relay.relay()
        try:
            async with projecting(self.parts):
                await until(lambda: has_ended(gateway, run.run_id))
        finally:
            stopped.set()
            await running

    async def _transcribe(self, event: ChunkPlanned, work: Work) -> Sequence[Event]:
        self.asked.append(f"transcribe.{event.part}")
        words = ChunkWords(index=event.index, segment=event.segment, language="en", words=())
        return [ChunkTranscribed.model_validate({**event.model_dump(), "words_key": await work.keep("w.json", words)})]

    async def _summarize(self, event: MinutesPlanned, work: Work) -> Sequence[Event]:
        self.asked.append(f"summarize.{event.persona}")
        key = await work.keep("minutes.json", Segment(start=0, end=0))
        return [MinutesWritten(**event.subject, persona=event.persona, minutes_key=key)]


async def worked_in(run: WorkedMeeting, own: bool) -> set[str]:
    """Names of the units that this run worked itself, or that it took over."""
    rows = await run.gateway.database.fetch(
        "SELECT stage, part FROM facts WHERE run_id = $1 AND (worked_in IS NULL) = $2", UUID(run.run_id), own
    )
    return {f"{row['stage']}.{row['part']}".rstrip(".") for row in rows}


async def test_only_the_chunk_that_failed_and_what_follows_from_it_is_worked_again(meeting: WorkedMeeting) -> None:
    await lose_a_chunk(meeting)
    new = await retry(meeting)
    workers = Workers(meeting.gateway)
    await workers.work_until_ended(new)
    assert workers.asked[0] == "transcribe.00001"
    assert sorted(workers.asked[1:]) == ["summarize.engineer", "summarize.executive"]
    own = {"transcribe.00001", "assemble", "summarize.engineer", "summarize.executive"}
    assert await worked_in(new, own=True) == own
    status = await meeting.gateway.meetings.progress("default", UUID(new.meeting_id))
    assert (status.run_id, status.status, status.stages["transcribe"].status) == (new.run_id, "completed", "completed")


async def test_minutes_that_succeeded_are_not_written_again(meeting: WorkedMeeting) -> None:
    await lose_minutes(meeting)
    new = await retry(meeting)
    workers = Workers(meeting.gateway)
    await workers.work_until_ended(new)
    assert workers.asked == ["summarize.engineer"]
    assert await worked_in(new, own=True) == {"summarize.engineer"}
    assert "summarize.executive" in await worked_in(new, own=False)


async def test_a_retry_survives_a_flushed_redis(meeting: WorkedMeeting) -> None:
    await lose_a_chunk(meeting)
    new = await retry(meeting)
    workers = Workers(meeting.gateway)
    await workers.parts.relay.relay()
    await meeting.gateway.redis.flushall()
    await workers.parts.reconciler.reconcile()
    await workers.work_until_ended(new)
    assert workers.asked.count("transcribe.00001") == 1
    assert "transcribe.00000" not in workers.asked


async def test_a_transcript_that_could_not_be_assembled_is_assembled_again_from_the_chunks(
    meeting: WorkedMeeting,
) -> None:
    await meeting.until_matched()
    chunks = [await meeting.transcribe(chunk) for chunk in await meeting.plan()]
    await meeting.fail("assemble", chunks[-1])
    await meeting.end("failed")
    new = await retry(meeting)
    workers = Workers(meeting.gateway)
    await workers.work_until_ended(new)
    assert sorted(workers.asked) == ["summarize.engineer", "summarize.executive"]
    assert (await meeting.gateway.meetings.progress("default", UUID(meeting.meeting_id))).run_id == new.run_id


async def test_what_a_retry_took_over_can_be_retried_from_there(meeting: WorkedMeeting) -> None:
    await lose_a_chunk(meeting)
    second = await retry(meeting)
    chunk = (await second.planned())[1]
    await second.lose(chunk)
    for planned in await second.assemble():
        await second.summarize(planned)
    await second.end("completed")
    third = await retry(second)
    workers = Workers(meeting.gateway)
    await workers.work_until_ended(third)
    assert workers.asked[0] == "transcribe.00001"


async def test_a_unit_for_which_its_stage_gave_something_else_is_worked_again(meeting: WorkedMeeting) -> None:
    await meeting.diarize_in_vain()
    await meeting.match()
    await meeting.end("completed")
    new = await retry(meeting)
    assert await worked_in(new, own=False) == {"accept", "normalize"}
    (row,) = await meeting.gateway.database.fetch("SELECT stage, part FROM outbox WHERE sent_at IS NULL")
    assert (row["stage"], row["part"]) == ("normalize", "")


async def test_the_request_is_taken_over_with_its_settings(client: httpx.AsyncClient, meeting: WorkedMeeting) -> None:
    await lose_minutes(meeting)
    new = await retry(meeting)
    store = meeting.gateway.store
    requests = [await store.load(MeetingRequest, f"{run.folder}/request.json") for run in (meeting, new)]
    assert requests[0] == requests[1]


async def test_a_retry_of_a_run_that_is_not_shown_does_not_take_the_place_of_what_is(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await lose_minutes(meeting)
    url = f"/api/meetings/{meeting.meeting_id}/replay"
    shown = (await client.post(url, json={"from_stage": "summarize", "current": "now"})).json()["run_id"]
    await meeting.gateway.database.execute(
        "UPDATE runs SET status = 'completed', ended_at = now() WHERE id = $1", UUID(shown)
    )
    new = await retry(meeting)
    await Workers(meeting.gateway).work_until_ended(new)
    assert (await meeting.gateway.meetings.progress("default", UUID(meeting.meeting_id))).run_id == shown


async def test_a_run_that_is_chosen_while_a_retry_begins_stays(
    client: httpx.AsyncClient, meeting: WorkedMeeting
) -> None:
    await lose_minutes(meeting)
    other, gateway = await replay(client, meeting, "normalize", current="never"), meeting.gateway
    await other.end("completed")

    async def choose() -> None:
        await gateway.run_history.choose("default", UUID(meeting.meeting_id), UUID(other.run_id))

    replays = dataclasses.replace(gateway.replays, store=interleaved(gateway.store, before={"put": once(choose)}))
    retried = await replays.retry("default", UUID(meeting.run_id))
    new = WorkedMeeting(gateway, meeting.meeting_id, retried.run_id)
    await Workers(gateway).work_until_ended(new)
    assert await current(client, meeting) == other.run_id


async def test_a_retry_that_finds_no_outcome_leaves_no_object_behind(meeting: WorkedMeeting) -> None:
    await meeting.until_matched()
    first, second, lost = await meeting.plan()
    await meeting.transcribe(first)
    await meeting.transcribe(second)
    await meeting.lose(lost)
    for planned in await meeting.assemble():
        await meeting.summarize(planned)
    await meeting.end("completed")
    store, copying, before = meeting.gateway.store, list[asyncio.Task[Any]](), await meeting.gateway.store.list("")
    await store.delete([outcome_key(meeting.folder, Unit(run_id=meeting.run_id, stage="transcribe", part="00000"))])

    async def be_late() -> None:
        copying.append(cast(asyncio.Task[Any], asyncio.current_task()))
        with suppress(TimeoutError):
            await until(lambda: _nothing_is_staged(meeting.gateway), within=0.5)

    late = interleaved(store, before={"put": on_call(2, be_late)})
    with pytest.raises(ObjectMissing):
        await dataclasses.replace(meeting.gateway.replays, store=late).retry("default", UUID(meeting.run_id))
    await asyncio.wait(copying)
    assert set(await store.list("")) < set(before)


async def _nothing_is_staged(gateway: Gateway) -> bool:
    return not await gateway.database.fetch("SELECT FROM uploads")


async def test_of_two_retries_at_once_one_begins(meeting: WorkedMeeting) -> None:
    await lose_minutes(meeting)
    replays = meeting.gateway.replays
    answers = await asyncio.gather(
        *(replays.retry("default", UUID(meeting.run_id)) for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(one, RunInProgress) for one in answers) == 1
    assert len(await meeting.gateway.database.fetch("SELECT FROM runs")) == 2
    kept = await meeting.gateway.store.list(f"meetings/{meeting.meeting_id}/")
    assert len([key for key in kept if key.endswith("/request.json")]) == 2


async def test_a_run_that_is_not_there_or_has_nothing_to_do_again_is_refused(meeting: WorkedMeeting) -> None:
    replays, run_id = meeting.gateway.replays, UUID(meeting.run_id)
    with pytest.raises(RunInProgress):
        await replays.retry("default", run_id)
    await meeting.complete()
    with pytest.raises(NothingGivenUp):
        await replays.retry("default", run_id)
    with pytest.raises(RunNotFound):
        await replays.retry("other", run_id)
    await meeting.gateway.deletion.delete("default", UUID(meeting.meeting_id))
    with pytest.raises(RunNotFound):
        await replays.retry("default", run_id)


async def test_a_retry_whose_meeting_is_deleted_while_it_begins_leaves_nothing(meeting: WorkedMeeting) -> None:
    await lose_minutes(meeting)
    gateway = meeting.gateway
    async with gateway.database.transaction() as connection:
        await connection.execute("UPDATE meetings SET deleted_at = now()")
        retrying = asyncio.create_task(gateway.replays.retry("default", UUID(meeting.run_id)))
        await wait_for_lock(gateway.database)
    with pytest.raises(RunNotFound):
        await retrying
    kept = await gateway.store.list(f"meetings/{meeting.meeting_id}/")
    assert {key.split("/")[2] for key in kept if key.endswith("/request.json")} == {meeting.run_id}


async def test_a_sample_that_failed_is_worked_again_from_where_it_failed(gateway: Gateway) -> None:
    accepted = await accept_sample(gateway.database)
    parts = background(gateway.database, gateway.redis, gateway.store)
    await parts.relay.relay()
    failure = StageFailed(
        workspace="default", run_id=accepted.run_id, speaker_id=accepted.speaker_id, sample_id=accepted.sample_id,
        stage="enroll", unit_part="", code="engine_crashed", message="it died", attempts=3,
    )  # fmt: skip
    await publish_as(gateway.redis, normalized(accepted), "normalize_sample")
    async with projecting(parts):
        await until(lambda: gateway.database.fetch("SELECT FROM facts WHERE stage = 'normalize_sample'"))
        await publish_as(gateway.redis, failure, "enroll")
        await until(lambda: has_ended(gateway, accepted.run_id))
    retried = await gateway.replays.retry("default", UUID(accepted.run_id))
    assert (retried.sample_id, retried.meeting_id) == (accepted.sample_id, None)
    await gateway.redis.flushall()
    assert await parts.relay.relay() == 1
    (entry,) = await entries(gateway.redis, SampleNormalized, count=1)
    assert entry["fact"] == f"{retried.run_id}/normalize_sample#0"
    speaker = await gateway.speakers.get("default", UUID(accepted.speaker_id))
    assert speaker.status == "processing"


async def test_a_sample_whose_speaker_is_deleted_is_not_retried(gateway: Gateway) -> None:
    accepted = await accept_sample(gateway.database)
    await gateway.database.execute("UPDATE runs SET ended_at = now(), status = 'failed'")
    await gateway.speakers.delete("default", UUID(accepted.speaker_id))
    with pytest.raises(RunNotFound):
        await gateway.replays.retry("default", UUID(accepted.run_id))


async def test_the_sweep_of_an_origin_keeps_what_its_successors_use(meeting: WorkedMeeting) -> None:
    await lose_a_chunk(meeting)
    stray = f"{meeting.folder}/transcribe.00000/abc/stray.json"
    await meeting.gateway.store.put(stray, b"{}")
    new = await retry(meeting)
    await Workers(meeting.gateway).work_until_ended(new)
    before = set(await meeting.gateway.store.list(f"meetings/{meeting.meeting_id}/"))
    await meeting.gateway.database.execute("UPDATE runs SET ended_at = ended_at - interval '1 hour'")
    assert await meeting.gateway.erasures.sweep() == 1
    after = set(await meeting.gateway.store.list(f"meetings/{meeting.meeting_id}/"))
    assert before - after == {stray}
