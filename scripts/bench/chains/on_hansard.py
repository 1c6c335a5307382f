"""The chain on Hansard: the real runtime and object store, and stages that do nothing.

`python -m scripts.bench.chains.on_hansard submit NAME…` submits meetings; any other word is the service to be.
"""

import asyncio
import datetime
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from libs.common.events import (
    AudioNormalized,
    ChunkEvent,
    ChunkPlanned,
    ChunkTranscribed,
    MeetingAccepted,
    MeetingEvent,
    MinutesPlanned,
    MinutesWritten,
    SpeakersMatched,
    SpeechDiarized,
    TranscriptAssembled,
)
from libs.common.line import MEETING_LINE, Position
from libs.common.outcome import PublishedEvent, Report, Unit
from libs.common.service import Resources, run_service
from libs.common.settings import ServiceSettings
from libs.common.speech import Segment
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.streams.connection import connect
from libs.common.streams.entry import entries_of
from libs.common.streams.queue import Publisher
from libs.common.streams.scripts import Scripts
from scripts.bench.chains.record import NUM_CHUNKS, note, work_seconds

_SLOTS = 8
_KEY = "nothing"
_SECONDS = 1.0

Follow = Callable[[Any], list[MeetingEvent]]


def _audio(event: MeetingEvent) -> dict[str, Any]:
    return {**event.subject, "audio_key": _KEY, "duration": _SECONDS}


def _chunks(event: SpeakersMatched) -> list[MeetingEvent]:
    whole = Segment(start=0, end=_SECONDS)
    shared = {**_audio(event), "turns_key": _KEY, "speakers_key": _KEY, "num_chunks": NUM_CHUNKS, "segment": whole}
    return [ChunkPlanned(**shared, index=index) for index in range(NUM_CHUNKS)]


def _words(event: ChunkPlanned) -> list[MeetingEvent]:
    shared = {name: getattr(event, name) for name in ChunkEvent.model_fields}
    return [ChunkTranscribed(**shared, words_key=_KEY)]


def _transcript(event: ChunkTranscribed) -> list[MeetingEvent]:
    keys = {**event.subject, "transcript_key": _KEY, "speakers_key": _KEY}
    assembled = TranscriptAssembled(**keys, duration=_SECONDS, language=None, personas=("reader",))
    return [assembled, MinutesPlanned(**keys, persona="reader")]


_FOLLOWS: dict[str, Follow] = {
    "normalize": lambda event: [AudioNormalized(**_audio(event))],
    "diarize": lambda event: [SpeechDiarized(**_audio(event), turns_key=_KEY)],
    "match": lambda event: [SpeakersMatched(**_audio(event), turns_key=_KEY, speakers_key=_KEY)],
    "plan": _chunks,
    "transcribe": _words,
    "assemble": _transcript,
    "summarize": lambda event: [MinutesWritten(**event.subject, persona="reader", minutes_key=_KEY)],
}


def _stage(position: Position, store: ObjectStore) -> Stage[Any]:
    async def handle(event: MeetingEvent, work: Work) -> list[MeetingEvent] | None:
        if isinstance(event, ChunkTranscribed) and not await _has_all_chunks(store, event):
            return None
        unit = f"transcribe.{event.index}" if isinstance(event, ChunkPlanned) else position.stage
        note("start", event.meeting_id, unit)
        await asyncio.sleep(work_seconds())
        note("finish", event.meeting_id, unit)
        return _FOLLOWS[position.stage](event)

    return Stage(name=position.stage, consumes=position.consumes, handle=handle, slots=_SLOTS, part=position.part)


async def _has_all_chunks(store: ObjectStore, event: ChunkTranscribed) -> bool:
    """As the real stage finds out."""
    return len(await store.list(f"{event.folder}/transcribe.")) >= event.num_chunks


def serve(service: str) -> None:
    """Be one of the services, or `all` of them."""

    @asynccontextmanager
    async def stages(settings: ServiceSettings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
        yield [_stage(position, resources.store) for position in MEETING_LINE if service in {position.service, "all"}]

    run_service(service, ServiceSettings, stages)


async def submit(meetings: Sequence[str]) -> None:
    """Hand in meetings, as the gateway's relay does."""
    report = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)
    async with connect(os.environ["REDIS_URL"]) as redis:
        publisher = Publisher(redis, Scripts(redis))
        for meeting in meetings:
            event = MeetingAccepted(
                workspace="default", run_id=meeting, meeting_id=meeting, request_key=_KEY, upload_key=_KEY
            )
            unit = Unit(run_id=meeting, stage="accept")
            published = entries_of(unit, (PublishedEvent.of(event),), report)
            await publisher.publish(unit_id=unit.id, run_id=meeting, entries=published)
            note("submitted", meeting, "meeting")


if __name__ == "__main__":
    if sys.argv[1] == "submit":
        asyncio.run(submit(sys.argv[2:]))
    else:
        serve(sys.argv[1])
