"""Samples whose voices are embedded by one engine and then by another, worked by hand."""

import asyncio
from uuid import UUID

import httpx

from libs.common.engine import EngineInfo
from libs.common.events import EVENTS, SampleNormalized, StageFailed, VoiceEmbedded
from libs.common.speech import EmbeddingModel, SpeakerEmbedding
from libs.common.streams.keys import PROJECTION, stream_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from services.gateway.gateway import Gateway
from tests.integration.line import REPORT, until
from tests.integration.services.gateway.rows import accept_sample, background, is_acknowledged, projecting, publish_as

OLD = EmbeddingModel(name="test", revision="1", dimension=2)
NEW = EmbeddingModel(name="other/test", revision="2", dimension=3)
VECTORS = {OLD: (0.0, 1.0), NEW: (1.0, 0.0, 0.0)}


async def diarizer_lives(gateway: Gateway, model: EmbeddingModel, *, consumer: str = "diarizer-1") -> Heartbeat:
    """A diarizer says with which model it embeds."""
    models = {"enroll": {"embedding": model.id}}
    info = WorkerInfo(consumer=consumer, service="diarizer", release="1", stages={"enroll": "engine"}, models=models)
    heartbeat = Heartbeat(gateway.redis, info, lifetime=60.0)
    await heartbeat.beat()
    return heartbeat


async def enrolled(gateway: Gateway, model: EmbeddingModel = OLD) -> SampleNormalized:
    """A sample of a speaker of its own that this model has embedded; its clip."""
    clip = await _hand_in(gateway)
    await embed(gateway, clip, model)
    return clip


async def normalized(gateway: Gateway) -> SampleNormalized:
    """A sample whose clip is normalized, and whose voice is still to be embedded."""
    clip = await _hand_in(gateway)
    await project(gateway)
    return clip


async def _hand_in(gateway: Gateway) -> SampleNormalized:
    accepted = await accept_sample(gateway.database)
    clip = SampleNormalized(
        **accepted.subject, audio_key=f"{accepted.folder}/normalize_sample/a/audio.flac", duration=9.0
    )
    await gateway.store.put(clip.audio_key, b"voice")
    await publish_as(gateway.redis, clip, "normalize_sample")
    return clip


async def embed(gateway: Gateway, clip: SampleNormalized, model: EmbeddingModel) -> None:
    """As a diarizer of this model does with the clip, projected."""
    voice = SpeakerEmbedding(model=model, vector=VECTORS[model])
    key = f"{clip.folder}/enroll/a/embedding.json"
    await gateway.store.put(key, voice.model_dump_json().encode())
    event = VoiceEmbedded(**clip.subject, embedding_key=key, model=model, speech_seconds=8.0)
    await publish_as(gateway.redis, event, "enroll")
    await project(gateway)


async def fail(gateway: Gateway, clip: SampleNormalized, model: EmbeddingModel) -> None:
    """As a diarizer of this model does that finds no usable voice."""
    failure = StageFailed(
        **clip.subject, stage="enroll", unit_part="", code="too_little_speech", message="1 s of speech", attempts=1
    )
    engine = EngineInfo(name="engine", models={"embedding": model.id})
    await publish_as(gateway.redis, failure, "enroll", report=REPORT.model_copy(update={"engine": engine}))
    await project(gateway)


async def project(gateway: Gateway) -> None:
    """Until everything in the streams is recorded."""
    parts = background(gateway.database, gateway.redis, gateway.store)
    while await parts.relay.relay():
        pass
    async with projecting(parts):
        await until(lambda: _is_recorded(gateway))
    await parts.galleries.rebuild()


async def _is_recorded(gateway: Gateway) -> bool:
    there = [one for one in EVENTS.values() if await gateway.redis.exists(stream_key(one.stream))]
    known = [
        any(g["name"] == PROJECTION for g in await gateway.redis.xinfo_groups(stream_key(one.stream))) for one in there
    ]
    return all(known) and all(await asyncio.gather(*(is_acknowledged(gateway.redis, one) for one in there)))


async def reembed(client: httpx.AsyncClient, *speaker_ids: str) -> dict[str, int | str]:
    """What the gateway answers to the request."""
    answer = await client.post("/api/speakers/re-embed", json={"speakers": speaker_ids} if speaker_ids else None)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    return {name: value for name, value in body.items() if value and name != "speakers_url"}


async def newest_run(gateway: Gateway, clip: SampleNormalized) -> SampleNormalized:
    """The clip as the newest run of its sample has it."""
    row = await gateway.database.fetch_one(
        "SELECT id FROM runs WHERE sample_id = $1 ORDER BY created_at DESC LIMIT 1", UUID(clip.sample_id)
    )
    assert row is not None
    return clip.model_copy(update={"run_id": str(row["id"])})


async def sample_of(client: httpx.AsyncClient, clip: SampleNormalized) -> dict[str, object]:
    """What the API says about the sample."""
    answer = await client.get(f"/api/speakers/{clip.speaker_id}")
    assert answer.status_code == 200, answer.text
    [sample] = answer.json()["samples"]
    return dict(sample)
