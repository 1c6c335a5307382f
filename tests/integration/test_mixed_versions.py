"""Workers of the last release and of this one share the streams, as they do while a deployment rolls."""

import asyncio
import datetime
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from chaos import inputs
from chaos.proxy import Proxy
from chaos.speech import SAMPLE_SECONDS
from chaos.tones import as_normalized
from libs.common.events import (
    AudioNormalized,
    ChunkTranscribed,
    Event,
    MeetingAccepted,
    MinutesWritten,
    SampleAccepted,
    SampleNormalized,
    TranscriptAssembled,
    VoiceEmbedded,
)
from libs.common.line import CONSUMERS
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.request import MeetingRequest
from libs.common.storage import ObjectStore
from libs.common.streams.entry import entries_of
from libs.common.streams.keys import progress_key, stream_key
from libs.common.streams.queue import Publisher
from libs.common.streams.scripts import Scripts
from libs.common.tracing.run_trace import root_of
from libs.common.transcript import Transcript
from tests.integration.fleet import Fleet, ReleaseName, other
from tests.integration.line import entries, until
from tests.otlp_receiver import Receiver, receiving

SERVICES = ("normalizer", "diarizer", "transcriber", "summarizer")
WITHIN = 60.0
BOTH = pytest.mark.parametrize("release", ["last", "this"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def fleet(tmp_path: Path, store: ObjectStore, receiver: Receiver) -> Iterator[Fleet]:
    environment = {
        "OBJECT_STORE_URL": (tmp_path / "objects").as_uri(),
        "CHAOS_WORK": "0.3",
        "OMP_NUM_THREADS": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
    }
    with Fleet(tmp_path, environment).running() as fleet:
        yield fleet


async def _accept_meeting(redis: Redis, store: ObjectStore, upload: inputs.Upload, request: MeetingRequest) -> str:
    """As the gateway does; the run's folder."""
    meeting_id, run_id = str(uuid.uuid4()), str(uuid.uuid4())
    event = MeetingAccepted(
        workspace="default",
        run_id=run_id,
        meeting_id=meeting_id,
        request_key=f"meetings/{meeting_id}/{run_id}/request.json",
        request_revision=request.revision,
        upload_key=f"meetings/{meeting_id}/upload",
    )
    await store.put(event.upload_key, upload.content)
    await store.put(event.request_key, request.model_dump_json().encode())
    await _publish(redis, event, "accept")
    return event.folder


async def _accept_sample(redis: Redis, store: ObjectStore, upload: inputs.Upload) -> SampleAccepted:
    sample_id, run_id = str(uuid.uuid4()), str(uuid.uuid4())
    event = SampleAccepted(
        workspace="default",
        run_id=run_id,
        speaker_id="s",
        sample_id=sample_id,
        upload_key=f"samples/{sample_id}/upload",
    )
    await store.put(event.upload_key, upload.content)
    await _publish(redis, event, "accept")
    return event


async def _publish(redis: Redis, event: Event, stage: str) -> None:
    unit = Unit(run_id=event.run_id, stage=stage)
    report = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)
    published = entries_of(unit, (PublishedEvent.of(event),), report)
    await Publisher(redis, Scripts(redis)).publish(unit_id=unit.id, run_id=event.run_id, entries=published)


async def _holder(redis: Redis, event: type[Event]) -> str | None:
    """Who has the only pending entry of a stage; nobody, either, while there is no such group yet."""
    stream, group = stream_key(event.stream), CONSUMERS[event.stream].stage
    if group not in {one["name"] for one in await redis.xinfo_groups(stream)}:
        return None
    pending = await redis.xpending_range(stream, group, "-", "+", 1)
    return str(pending[0]["consumer"]) if pending else None


async def _is_under_way(redis: Redis, run_id: str) -> bool:
    """Whether an engine has reported progress with a unit of the run."""
    units = await redis.hvals(progress_key(run_id))
    return any(json.loads(unit)["fraction"] > 0 for unit in units)


@BOTH
async def test_a_meeting_passes_through_both_releases(
    redis: Redis, redis_url: str, store: ObjectStore, fleet: Fleet, receiver: Receiver, release: ReleaseName
) -> None:
    for service, its_release in zip(SERVICES, (release, other(release)) * 2, strict=True):
        fleet.start(service, its_release, redis_url=redis_url)
    upload = inputs.meeting(1)
    folder = await _accept_meeting(redis, store, upload, MeetingRequest())
    await entries(redis, MinutesWritten, count=1, within=WITHIN)
    [entry] = await entries(redis, TranscriptAssembled, count=1)
    key = TranscriptAssembled.model_validate_json(entry["event"]).transcript_key
    transcript = await store.load(Transcript, key)
    assert tuple((one.label, one.text) for one in transcript.utterances) == upload.expected.utterances
    assert await redis.xlen(stream_key(ChunkTranscribed.stream)) == len(upload.expected.utterances)
    last = "summarizer" if release == "last" else "transcriber"  # of this release, which alone traces
    await until(lambda: _has_traced(receiver, last), within=WITHIN)
    assert {one.trace_id for one in receiver.spans} == {f"{root_of(folder.rpartition('/')[2]).trace_id:032x}"}


@BOTH
async def test_an_outcome_of_one_release_is_published_by_the_other(
    redis: Redis, redis_url: str, store: ObjectStore, fleet: Fleet, release: ReleaseName
) -> None:
    address = urlsplit(redis_url)
    assert address.hostname is not None
    assert address.port is not None
    async with Proxy(address.hostname, address.port).running() as proxy:
        settling = proxy.reset_next(fleet.settle_mark(redis, release), "before")
        through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}"))
        author = fleet.start("normalizer", release, redis_url=through.geturl())
        sample = await _accept_sample(redis, store, inputs.sample(1))
        await asyncio.wait_for(settling.sprung.wait(), WITHIN)
        stall = asyncio.create_task(proxy.stall(WITHIN))
        outcome = await store.get(f"{sample.folder}/normalize_sample.json")

        heir = fleet.start("normalizer", other(release), redis_url=redis_url)
        await entries(redis, SampleNormalized, count=1, within=WITHIN)
        await until(lambda: heir.has_said("stage done"), within=WITHIN)
        stall.cancel()
        await until(lambda: author.has_said('"settled": "settled"'), within=WITHIN)
    assert await redis.xlen(stream_key(SampleNormalized.stream)) == 1
    assert await store.get(f"{sample.folder}/normalize_sample.json") == outcome
    assert await _holder(redis, SampleAccepted) is None


@BOTH
async def test_a_stopped_worker_of_one_release_adds_nothing_to_what_the_other_did(
    redis: Redis, redis_url: str, store: ObjectStore, fleet: Fleet, release: ReleaseName
) -> None:
    upload = inputs.sample(1, voice=5, place="enroll", fault="slow")
    subject = {"workspace": "default", "run_id": str(uuid.uuid4()), "speaker_id": "s", "sample_id": str(uuid.uuid4())}
    event = SampleNormalized(**subject, audio_key="samples/audio.flac", duration=SAMPLE_SECONDS)
    await store.put(event.audio_key, as_normalized(upload.content))
    await _publish(redis, event, "normalize_sample")
    zombie = fleet.start("diarizer", release, redis_url=redis_url)
    await until(lambda: _is_under_way(redis, event.run_id), within=WITHIN)  # past its look for an outcome
    zombie.stop()

    fleet.start("diarizer", other(release), redis_url=redis_url)
    [entry] = await entries(redis, VoiceEmbedded, count=1, within=WITHIN)
    zombie.resume()
    await until(lambda: zombie.has_said("another worker's outcome was there first"), within=WITHIN)
    await until(lambda: zombie.has_said('"settled": "settled"'), within=WITHIN)
    assert await redis.xlen(stream_key(VoiceEmbedded.stream)) == 1
    embedding_key = VoiceEmbedded.model_validate_json(entry["event"]).embedding_key
    assert await store.list(f"{event.folder}/enroll") == sorted([f"{event.folder}/enroll.json", embedding_key])


async def test_what_an_earlier_release_does_not_know_is_left_to_this_one(
    redis: Redis, redis_url: str, store: ObjectStore, fleet: Fleet
) -> None:
    request = MeetingRequest(match_threshold=0.5)
    assert request.revision > 1
    fleet.start("normalizer", "first", redis_url=redis_url)
    await _accept_meeting(redis, store, inputs.meeting(1), request)
    await until(lambda: _is_handed_back(redis), within=WITHIN)

    fleet.start("normalizer", "this", redis_url=redis_url)
    [entry] = await entries(redis, AudioNormalized, count=1, within=WITHIN)
    assert AudioNormalized.model_validate_json(entry["event"]).request_revision == request.revision
    assert int(entry["revision"]) == request.revision
    assert Report.model_validate_json(entry["report"]).attempts == 1


async def _has_traced(receiver: Receiver, service: str) -> bool:
    return service in {one.service for one in receiver.spans}


async def _is_handed_back(redis: Redis) -> bool:
    return await _holder(redis, MeetingAccepted) == "handed-back"
