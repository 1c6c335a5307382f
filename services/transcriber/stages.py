"""What the transcriber does with each event."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from libs.common.audio import read_segment
from libs.common.engine import EngineInfo
from libs.common.errors import LanguageNotSupported, PipelineError
from libs.common.events import (
    ChunkEvent,
    ChunkPlanned,
    ChunkTranscribed,
    MinutesPlanned,
    SpeakersMatched,
    StageFailed,
    TranscriptAssembled,
)
from libs.common.outcome import Outcome
from libs.common.request import MeetingRequest
from libs.common.running_engine import RunningEngine
from libs.common.speech import Diarization, Segment
from libs.common.stage import Stage, Work
from libs.common.storage import Artifact, ObjectStore
from libs.common.transcript import ChunkWords, Gap
from services.transcriber.assembly import assemble
from services.transcriber.engines import Abilities, Transcriber
from services.transcriber.errors import TranscriptionFailed
from services.transcriber.languages import CERTAIN, find_language
from services.transcriber.pauses import quietest
from services.transcriber.planning import ChunkRules, is_too_long, plan_chunks, speech_stretches, split_stretch
from services.transcriber.recognition import Recognition
from services.transcriber.unheard import listed, unheard_speech

_DEADLINE_SECONDS = 180.0
_DEADLINE_FACTOR = 20.0
"""Per second of audio: a large model without a GPU on a busy machine."""

_READS_AT_ONCE = 16


def plan_stage(
    store: ObjectStore, abilities: Abilities, *, rules: ChunkRules, slots: int = 4
) -> Stage[SpeakersMatched]:
    """Cuts the meeting into chunks; refuses a language that the engine lacks before any work is done."""

    async def handle(event: SpeakersMatched, work: Work) -> list[ChunkPlanned]:
        request = await store.load(MeetingRequest, event.request_key)
        _check_request(request, abilities, work)
        diarization = await store.load(Diarization, event.turns_key)
        stretches = speech_stretches(diarization.turns, event.duration)
        own_rules = rules.for_speech(sum(stretch.duration for stretch in stretches))
        if any(is_too_long(stretch, own_rules) for stretch in stretches):
            async with store.local_copy(event.audio_key) as audio:
                stretches = await asyncio.to_thread(_split_stretches, audio, stretches, own_rules)
        chunks = plan_chunks(stretches, own_rules)
        if abilities.caveat is not None and stretches:
            work.warn("rough_transcription", abilities.caveat)
        return [
            ChunkPlanned(
                **event.subject,
                audio_key=event.audio_key,
                duration=event.duration,
                turns_key=event.turns_key,
                speakers_key=event.speakers_key,
                index=index,
                num_chunks=len(chunks),
                segment=chunk,
            )
            for index, chunk in enumerate(chunks)
        ]

    return Stage(name="plan", consumes=SpeakersMatched, handle=handle, slots=slots, deadline=_planning_deadline)


def transcribe_stage(
    store: ObjectStore,
    engine: RunningEngine[Transcriber],
    abilities: Abilities,
    *,
    info: EngineInfo,
    slots: int = 1,
) -> Stage[ChunkPlanned]:
    """The words of one chunk; a chunk that cannot be had becomes a gap in the transcript."""
    recognition = Recognition(store, engine, abilities, info)

    async def handle(event: ChunkPlanned, work: Work) -> list[ChunkTranscribed]:
        recognized = await recognition.of_chunk(event, work)
        for caveat in recognized.caveats:
            work.warn(caveat.code, caveat.message)
        words = ChunkWords(
            index=event.index, segment=event.segment, language=recognized.language, words=recognized.words
        )
        return [ChunkTranscribed(**_chunk_fields(event), words_key=await work.keep("words.json", words))]

    async def leave_gap(event: ChunkPlanned, work: Work, error: PipelineError) -> list[ChunkTranscribed]:
        segment = event.segment
        work.warn("chunk_failed", f"Nothing is written for {segment.start:.1f} to {segment.end:.1f} s: {error.message}")
        return [
            ChunkTranscribed(**_chunk_fields(event), words_key=None, error_code=error.code, error_message=error.message)
        ]

    return Stage(
        name="transcribe",
        consumes=ChunkPlanned,
        handle=handle,
        slots=slots,
        deadline=lambda event: _DEADLINE_SECONDS + _DEADLINE_FACTOR * event.segment.duration,
        audio_seconds=lambda event, _outputs: event.segment.duration,
        fallback=leave_gap,
        engine=info,
    )


def assemble_stage(store: ObjectStore, *, slots: int = 4) -> Stage[ChunkTranscribed]:
    """The transcript, by whichever delivery finds all chunks in the store."""

    async def handle(event: ChunkTranscribed, work: Work) -> list[TranscriptAssembled | MinutesPlanned] | None:
        chunks = await _finished_chunks(store, event)
        if chunks is None:
            return None
        gaps = [_gap(chunk) for chunk in chunks if chunk.words_key is None]
        if len(gaps) == len(chunks):
            raise TranscriptionFailed(f"no chunk could be transcribed: {gaps[0].message}")
        request = await store.load(MeetingRequest, event.request_key)
        diarization = await store.load(Diarization, event.turns_key)
        words = await _load_all(store, ChunkWords, [chunk.words_key for chunk in chunks if chunk.words_key is not None])
        transcript = await asyncio.to_thread(assemble, words, gaps, diarization.word_turns)
        _warn_of_losses(diarization, words, gaps, work)
        if request.language is None:
            await _warn_of_doubtful_language(store, event, work)
        transcript_key = await work.keep("transcript.json", transcript)
        assembled = TranscriptAssembled(
            **event.subject,
            duration=event.duration,
            language=transcript.language,
            transcript_key=transcript_key,
            speakers_key=event.speakers_key,
            personas=request.personas,
        )
        return [assembled, *(MinutesPlanned.of(assembled, persona) for persona in request.personas)]

    return Stage(
        name="assemble",
        consumes=ChunkTranscribed,
        handle=handle,
        slots=slots,
        part=lambda _event: "",
        deadline=_planning_deadline,
    )


def _check_request(request: MeetingRequest, abilities: Abilities, work: Work) -> None:
    if request.language is not None and request.language not in abilities.languages:
        known = ", ".join(sorted(abilities.languages))
        raise LanguageNotSupported(f"language {request.language} is not among those of the engine: {known}")
    if request.vocabulary and not abilities.has_vocabulary:
        work.warn("vocabulary_ignored", "The speech recognition engine of this run cannot be given a vocabulary.")


def _warn_of_losses(diarization: Diarization, chunks: Sequence[ChunkWords], gaps: Sequence[Gap], work: Work) -> None:
    """Say where somebody talks and nothing is written; gaps are known already."""
    words = (word for chunk in chunks for word in chunk.words)
    if lost := unheard_speech(diarization.turns, (*words, *gaps)):
        work.warn("speech_without_words", f"Somebody seems to talk, but no words were recognized: {listed(lost)}.")


async def _warn_of_doubtful_language(store: ObjectStore, event: ChunkTranscribed, work: Work) -> None:
    found = await find_language(store, event.folder)
    if found is not None and found.probability < CERTAIN:
        work.warn(
            "language_uncertain",
            f"The language was taken for {found.language} with a probability of {found.probability:.0%}; "
            "where that is wrong, replay the meeting with its language.",
        )


def _split_stretches(audio: Path, stretches: Sequence[Segment], rules: ChunkRules) -> list[Segment]:
    def quietest_time(segment: Segment) -> float:
        return segment.start + quietest(read_segment(audio, segment))

    return [part for stretch in stretches for part in split_stretch(stretch, rules, quietest_time)]


async def _finished_chunks(store: ObjectStore, event: ChunkTranscribed) -> list[ChunkTranscribed] | None:
    """What became of every chunk of the run, or `None` while some are missing."""
    prefix = f"{event.folder}/transcribe."
    keys = [key for key in await store.list(prefix) if "/" not in key.removeprefix(prefix)]
    if len(keys) < event.num_chunks:
        return None
    outcomes = await _load_all(store, Outcome, keys)
    return sorted((_transcribed(outcome) for outcome in outcomes), key=lambda chunk: chunk.index)


def _transcribed(outcome: Outcome) -> ChunkTranscribed:
    """What an outcome says of its chunk; one that was given up without a fallback is a gap as well."""
    for event in outcome.events:
        if isinstance(event, ChunkTranscribed):
            return event
    planned = outcome.input.event
    assert isinstance(planned, ChunkPlanned)
    failure = next((event for event in outcome.events if isinstance(event, StageFailed)), None)
    return ChunkTranscribed(
        **_chunk_fields(planned),
        words_key=None,
        error_code=failure.code if failure else "internal_error",
        error_message=failure.message if failure else "the chunk was given up",
    )


async def _load_all(store: ObjectStore, model: type[Artifact], keys: Sequence[str]) -> list[Artifact]:
    loaded: list[Artifact] = []
    for batch in (keys[first : first + _READS_AT_ONCE] for first in range(0, len(keys), _READS_AT_ONCE)):
        loaded += await asyncio.gather(*(store.load(model, key) for key in batch))
    return loaded


def _gap(chunk: ChunkTranscribed) -> Gap:
    return Gap(
        start=chunk.segment.start,
        end=chunk.segment.end,
        code=chunk.error_code or "internal_error",
        message=chunk.error_message or "the chunk was given up",
    )


def _chunk_fields(event: ChunkEvent) -> dict[str, Any]:
    """The fields that all events of a chunk share."""
    return {name: getattr(event, name) for name in ChunkEvent.model_fields}


def _planning_deadline(event: SpeakersMatched | ChunkTranscribed) -> float:
    return 120.0 + event.duration / 20
