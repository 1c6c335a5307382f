"""Speakers who were enrolled with one engine are recognized by another once their clips are embedded again.

Real voices, workers, servers and galleries; the second engine is `other_engine.BackwardsDiarizer`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from libs.common.engine_process import child_engine
from libs.common.events import AudioNormalized, SampleNormalized, SpeakersMatched, SpeechDiarized
from libs.common.request import MeetingRequest
from libs.common.running_engine import RunningEngine
from libs.common.runtime.worker import Worker
from libs.common.speakers import SpeakerMatches
from libs.common.storage import ObjectStore
from services.diarizer.engines import Diarizer
from services.diarizer.galleries import StoredGalleries
from services.diarizer.matching import MatchRules
from services.diarizer.stages import diarize_stage, enroll_stage, match_stage
from services.gateway.gateway import Gateway
from tests.integration.line import until
from tests.integration.services.gateway.other_engine import load_backwards, load_embedded
from tests.integration.services.gateway.rows import accept_sample, background, projecting, publish_as
from tests.integration.services.gateway.voices import reembed, sample_of
from tests.work import RecordedWork

PLANNING = Path("samples/planning/planning.flac")
CLIPS = sorted(Path("samples/planning/speakers").glob("*/introduction.flac"))


@dataclass(frozen=True)
class RunningDiarizer:
    """A living worker that enrols, and its engine for meetings."""

    store: ObjectStore
    engine: RunningEngine[Diarizer]

    async def match(self) -> SpeakerMatches:
        """Who is who in the sample meeting."""
        audio = AudioNormalized(
            workspace="default", run_id="r", meeting_id="m", request_key="m/request.json", audio_key="m/audio.flac",
            duration=49.0,
        )  # fmt: skip
        await self.store.put(audio.request_key, MeetingRequest().model_dump_json().encode())
        await self.store.upload(PLANNING, audio.audio_key)
        work = RecordedWork(self.store, "m")
        diarize = diarize_stage(self.store, self.engine, info=await self.engine.start())
        [diarized] = await diarize.handle(audio, work) or ()
        assert isinstance(diarized, SpeechDiarized)
        match = match_stage(self.store, StoredGalleries(self.store), rules=MatchRules())
        [matched] = await match.handle(diarized, work) or ()
        assert isinstance(matched, SpeakersMatched)
        return await self.store.load(SpeakerMatches, matched.speakers_key)


@asynccontextmanager
async def diarizing(gateway: Gateway, load: Callable[[], Diarizer]) -> AsyncIterator[RunningDiarizer]:
    """A diarizer with this engine works while the block does."""
    async with child_engine(load) as engine:
        enroll = enroll_stage(gateway.store, engine, info=await engine.start())
        worker, stopped = Worker(gateway.redis, gateway.store, [enroll], service="diarizer", lease=5.0), asyncio.Event()
        running = asyncio.create_task(worker.run(stopped, grace=5.0))
        try:
            yield RunningDiarizer(gateway.store, engine)
        finally:
            stopped.set()
            await running


async def hand_in(gateway: Gateway, clip: Path) -> SampleNormalized:
    """A sample as the normalizer publishes it."""
    accepted = await accept_sample(gateway.database)
    normalized = SampleNormalized(**accepted.subject, audio_key=f"{accepted.folder}/audio.flac", duration=12.0)
    await gateway.store.upload(clip, normalized.audio_key)
    await publish_as(gateway.redis, normalized, "normalize_sample")
    return normalized


async def test_voices_are_known_again_after_a_change_of_engine(client: httpx.AsyncClient, gateway: Gateway) -> None:
    parts = background(gateway.database, gateway.redis, gateway.store)
    clips = [await hand_in(gateway, clip) for clip in CLIPS]
    async with projecting(parts):

        async def all_are_present() -> bool:
            await parts.relay.relay()
            return all([(await sample_of(client, one))["voiceprint"] == "present" for one in clips])

        async with diarizing(gateway, load_embedded) as embedded:
            await until(all_are_present, within=60)
            await parts.galleries.rebuild()
            known = (await embedded.match()).names
            assert len(known) == len(CLIPS) == 3

        async with diarizing(gateway, load_backwards) as backwards:
            await until(lambda: _lives(client))
            unmatched = await backwards.match()
            assert {one.reason for one in unmatched.decisions} == {"empty_gallery"}, "other models are never compared"
            assert (await reembed(client))["started"] == len(CLIPS)
            await until(all_are_present, within=60)
            await parts.galleries.rebuild()
            assert (await backwards.match()).names == known

        async with diarizing(gateway, load_embedded) as embedded:
            await until(all_are_present, within=60)
            assert (await reembed(client))["present"] == len(CLIPS)
            assert (await embedded.match()).names == known


async def _lives(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/health")).json()["stages"]["enroll"]["workers"])
