"""What the diarizer does with each event."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from libs.common.engine import EngineInfo
from libs.common.errors import ObjectMissing, PipelineError
from libs.common.events import (
    AudioNormalized,
    Event,
    SampleNormalized,
    SpeakersMatched,
    SpeechDiarized,
    VoiceEmbedded,
)
from libs.common.request import MeetingRequest
from libs.common.running_engine import RunningEngine
from libs.common.speakers import SpeakerMatches
from libs.common.speech import Diarization, EmbeddingModel, SpeakerEmbedding, Turn, label_name
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from services.diarizer.engines import Diarizer, SampleVoice
from services.diarizer.errors import NoSpeech, SeveralVoices, TooLittleSpeech
from services.diarizer.galleries import Galleries
from services.diarizer.matching import LabelVoice, MatchRules, leave_unnamed, match_labels

MIN_SAMPLE_SPEECH_SECONDS = 3.0
MAX_OTHER_VOICE_SECONDS = 1.5
"""Of a clip that still counts as one person: a laugh, a cough or a word from the side."""

_DEADLINE_SECONDS = 300.0
_DEADLINE_FACTOR = 4.0
"""Per second of audio; the slowest engine, without a GPU, takes about its duration."""


def diarize_stage(
    store: ObjectStore, engine: RunningEngine[Diarizer], *, info: EngineInfo, slots: int = 1
) -> Stage[AudioNormalized]:
    """Who talks when, by label."""

    async def handle(event: AudioNormalized, work: Work) -> list[SpeechDiarized]:
        request = await store.load(MeetingRequest, event.request_key)
        async with store.local_copy(event.audio_key) as audio:
            speech = await engine.run(work, Diarizer.diarize, audio, request.speaker_bounds)
        if not speech.turns:
            work.warn("no_speech", "Nobody was heard talking in this recording.")
        embeddings = {
            label: await _keep_embedding(work, f"embedding.{label}.json", speech.model, vector)
            for label, vector in speech.embeddings.items()
        }
        found = Diarization(turns=speech.turns, exclusive_turns=speech.exclusive_turns, embeddings=embeddings)
        return [await _diarized(event, work, found)]

    async def fall_back(event: AudioNormalized, work: Work, error: PipelineError) -> list[SpeechDiarized]:
        work.warn("diarization_failed", f"All speech is shown as one unnamed speaker: {error.message}")
        whole = Turn(start=0, end=event.duration, label=label_name(0))
        return [await _diarized(event, work, Diarization(turns=(whole,)))]

    return Stage(
        name="diarize",
        consumes=AudioNormalized,
        handle=handle,
        slots=slots,
        deadline=_deadline,
        audio_seconds=_audio_seconds,
        fallback=fall_back,
        engine=info,
    )


def match_stage(
    store: ObjectStore, galleries: Galleries, *, rules: MatchRules, slots: int = 8
) -> Stage[SpeechDiarized]:
    """Which label is which enrolled speaker."""

    async def handle(event: SpeechDiarized, work: Work) -> list[SpeakersMatched]:
        request = await store.load(MeetingRequest, event.request_key)
        diarization = await store.load(Diarization, event.turns_key)
        embeddings = await _load_embeddings(store, diarization.embeddings)
        keys = {label: diarization.embeddings[label] for label in embeddings}
        model = next((one.model for one in embeddings.values()), None)
        gallery = await galleries.load(event.workspace, model) if model else None
        rule = rules.wished(threshold=request.match_threshold, margin=request.match_margin).of(model)
        matches = SpeakerMatches(
            model=model,
            gallery_digest=gallery.digest if gallery else None,
            threshold=rule.threshold,
            margin=rule.margin,
            decisions=match_labels(_voices(diarization, keys, embeddings), gallery, rule),
        )
        return [await _matched(event, work, matches)]

    async def fall_back(event: SpeechDiarized, work: Work, error: PipelineError) -> list[SpeakersMatched]:
        work.warn("matching_failed", f"No speaker has a name: {error.message}")
        diarization = await store.load(Diarization, event.turns_key)
        rule = rules.of(None)
        matches = SpeakerMatches(
            model=None,
            gallery_digest=None,
            threshold=rule.threshold,
            margin=rule.margin,
            decisions=leave_unnamed(_voices(diarization, diarization.embeddings, {}), "stage_failed"),
        )
        return [await _matched(event, work, matches)]

    return Stage(name="match", consumes=SpeechDiarized, handle=handle, slots=slots, fallback=fall_back)


def enroll_stage(
    store: ObjectStore, engine: RunningEngine[Diarizer], *, info: EngineInfo, slots: int = 1
) -> Stage[SampleNormalized]:
    """The voice of an enrolment sample."""

    async def handle(event: SampleNormalized, work: Work) -> list[VoiceEmbedded]:
        async with store.local_copy(event.audio_key) as audio:
            voice = await engine.run(work, Diarizer.embed, audio)
        embedding_key = await _keep_embedding(work, "embedding.json", voice.model, _usable(voice))
        return [
            VoiceEmbedded(
                **event.subject, embedding_key=embedding_key, model=voice.model, speech_seconds=voice.speech_seconds
            )
        ]

    return Stage(
        name="enroll",
        consumes=SampleNormalized,
        handle=handle,
        slots=slots,
        deadline=_deadline,
        audio_seconds=_audio_seconds,
        engine=info,
    )


def _usable(voice: SampleVoice) -> NDArray[np.float32]:
    """The embedding of a sample that is good enough.

    Raises:
        NoSpeech, TooLittleSpeech, SeveralVoices: It is not.
    """
    if voice.speech_seconds == 0:
        raise NoSpeech("Nobody was heard talking in this sample.")
    if voice.speech_seconds < MIN_SAMPLE_SPEECH_SECONDS:
        raise TooLittleSpeech(
            f"This sample holds {voice.speech_seconds:.1f} s of speech; "
            f"at least {MIN_SAMPLE_SPEECH_SECONDS:.0f} s are needed."
        )
    if voice.other_voice_seconds > MAX_OTHER_VOICE_SECONDS:
        raise SeveralVoices(
            f"More than one person talks in this sample; the second for about {voice.other_voice_seconds:.0f} s."
        )
    if voice.embedding is None:
        raise TooLittleSpeech("No voice talks alone for long enough in this sample.")
    return voice.embedding


def _deadline(event: AudioNormalized | SampleNormalized) -> float:
    return _DEADLINE_SECONDS + _DEADLINE_FACTOR * event.duration


def _audio_seconds(event: AudioNormalized | SampleNormalized, _outputs: Sequence[Event]) -> float:
    return event.duration


async def _diarized(event: AudioNormalized, work: Work, diarization: Diarization) -> SpeechDiarized:
    return SpeechDiarized(
        **event.subject,
        audio_key=event.audio_key,
        duration=event.duration,
        turns_key=await work.keep("turns.json", diarization),
    )


async def _matched(event: SpeechDiarized, work: Work, matches: SpeakerMatches) -> SpeakersMatched:
    return SpeakersMatched(
        **event.subject,
        audio_key=event.audio_key,
        duration=event.duration,
        turns_key=event.turns_key,
        speakers_key=await work.keep("speakers.json", matches),
    )


async def _keep_embedding(work: Work, name: str, model: EmbeddingModel, vector: NDArray[np.float32]) -> str:
    return await work.keep(name, SpeakerEmbedding(model=model, vector=tuple(map(float, vector))))


async def _load_embeddings(store: ObjectStore, keys: Mapping[str, str]) -> dict[str, SpeakerEmbedding]:
    """Those that are there: one that was matched before is erased with its speaker."""
    found = await asyncio.gather(*(_find_embedding(store, key) for key in keys.values()))
    return {label: embedding for label, embedding in zip(keys, found, strict=True) if embedding is not None}


async def _find_embedding(store: ObjectStore, key: str) -> SpeakerEmbedding | None:
    try:
        return await store.load(SpeakerEmbedding, key)
    except ObjectMissing:
        return None


def _voices(
    diarization: Diarization, keys: Mapping[str, str], embeddings: Mapping[str, SpeakerEmbedding]
) -> list[LabelVoice]:
    return [
        LabelVoice(
            label=label,
            speech_seconds=diarization.speech_seconds(label),
            vector=embeddings[label].vector if label in embeddings else None,
            embedding_key=keys.get(label),
        )
        for label in diarization.labels
    ]
