import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common.engine import EngineInfo
from libs.common.engine_here import EngineHere
from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed, PipelineError
from libs.common.events import AudioNormalized, SampleNormalized, SpeakersMatched, SpeechDiarized, VoiceEmbedded
from libs.common.request import MeetingRequest
from libs.common.speakers import Gallery, SpeakerMatches, Voiceprint, gallery_key
from libs.common.speech import Diarization, EmbeddingModel, SpeakerBounds, SpeakerEmbedding
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from services.diarizer.engines import DiarizedSpeech, Diarizer, SampleVoice, load_engine
from services.diarizer.errors import NoSpeech, SeveralVoices, TooLittleSpeech
from services.diarizer.galleries import StoredGalleries
from services.diarizer.matching import MatchRules
from services.diarizer.settings import DiarizerSettings
from services.diarizer.stages import diarize_stage, enroll_stage, match_stage
from tests.unit.services.diarizer.voices import Array
from tests.work import RecordedWork

SHORT = Path("samples/short/short.flac")
MARK = Path("samples/short/speakers/Mark/introduction.flac")
JULIA = Path("samples/planning/speakers/Julia/introduction.flac")
INFO = EngineInfo(name="embedded")
MEETING = AudioNormalized(
    workspace="default",
    run_id="r1",
    meeting_id="m1",
    request_key="meetings/m1/request.json",
    audio_key="meetings/m1/audio.flac",
    duration=16.0,
)
SAMPLE = SampleNormalized(
    workspace="default", run_id="r1", speaker_id="p1", sample_id="s1", audio_key="samples/s1/audio.flac", duration=12.0
)


@pytest.fixture(scope="module")
def engine() -> Iterator[ChildEngine[Diarizer]]:
    child: ChildEngine[Diarizer] = ChildEngine(partial(load_engine, DiarizerSettings()))
    yield child
    asyncio.run(child.close())


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}/objects")


async def diarize(store: ObjectStore, engine: ChildEngine[Diarizer], bounds: SpeakerBounds) -> SpeechDiarized:
    await store.put(MEETING.request_key, MeetingRequest(speaker_bounds=bounds).model_dump_json().encode())
    stage = diarize_stage(store, engine, info=INFO)
    (event,) = await stage.handle(MEETING, RecordedWork(store, MEETING.folder)) or ()
    assert isinstance(event, SpeechDiarized)
    return event


async def match(store: ObjectStore, event: SpeechDiarized) -> SpeakerMatches:
    stage = match_stage(store, StoredGalleries(store), rules=MatchRules())
    (matched,) = await stage.handle(event, RecordedWork(store, event.folder)) or ()
    assert isinstance(matched, SpeakersMatched)
    assert matched.subject == event.subject
    assert (matched.audio_key, matched.turns_key) == (event.audio_key, event.turns_key)
    return await store.load(SpeakerMatches, matched.speakers_key)


async def enroll(store: ObjectStore, engine: ChildEngine[Diarizer], samples: Array, folder: Path) -> VoiceEmbedded:
    clip = folder / "clip.flac"
    soundfile.write(clip, samples, 16_000)
    await store.upload(clip, SAMPLE.audio_key)
    stage = enroll_stage(store, engine, info=INFO)
    (event,) = await stage.handle(SAMPLE, RecordedWork(store, SAMPLE.folder)) or ()
    assert isinstance(event, VoiceEmbedded)
    return event


def clip_of(path: Path, seconds: float) -> Array:
    samples: Array = soundfile.read(path, dtype="float32")[0]
    return samples[: round(seconds * 16_000)]


async def test_a_meeting_has_turns_and_an_embedding_object_for_each_label(
    store: ObjectStore, engine: ChildEngine[Diarizer]
) -> None:
    await store.upload(SHORT, MEETING.audio_key)

    event = await diarize(store, engine, SpeakerBounds())

    assert (event.subject, event.audio_key, event.duration) == (MEETING.subject, MEETING.audio_key, 16.0)
    diarization = await store.load(Diarization, event.turns_key)
    assert diarization.labels == ["SPEAKER_00", "SPEAKER_01"]
    assert set(diarization.embeddings) == {"SPEAKER_00", "SPEAKER_01"}
    assert len(set(diarization.embeddings.values())) == 2
    for key in diarization.embeddings.values():
        embedding = await store.load(SpeakerEmbedding, key)
        assert len(embedding.vector) == embedding.model.dimension == 256


async def test_the_clients_number_of_speakers_reaches_the_engine(
    store: ObjectStore, engine: ChildEngine[Diarizer]
) -> None:
    await store.upload(SHORT, MEETING.audio_key)

    event = await diarize(store, engine, SpeakerBounds(num_speakers=4))

    assert len((await store.load(Diarization, event.turns_key)).labels) == 4


async def test_a_meeting_without_speech_has_no_turns_and_a_warning(
    store: ObjectStore, engine: ChildEngine[Diarizer], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros(48_000, np.float32), 16_000)
    await store.upload(tmp_path / "silence.flac", MEETING.audio_key)
    await store.put(MEETING.request_key, MeetingRequest().model_dump_json().encode())
    work = RecordedWork(store, MEETING.folder)

    (event,) = await diarize_stage(store, engine, info=INFO).handle(MEETING, work) or ()

    assert isinstance(event, SpeechDiarized)
    assert await store.load(Diarization, event.turns_key) == Diarization(turns=())
    assert [code for code, _ in work.warnings] == ["no_speech"]
    assert (await match(store, event)).decisions == ()


async def test_a_failed_diarization_gives_one_unnamed_speaker_and_a_warning(
    store: ObjectStore, engine: ChildEngine[Diarizer]
) -> None:
    await store.put(MEETING.request_key, MeetingRequest().model_dump_json().encode())
    work = RecordedWork(store, MEETING.folder)
    fallback = diarize_stage(store, engine, info=INFO).fallback
    assert fallback is not None

    (event,) = await fallback(MEETING, work, EngineCrashed("the engine died"))

    assert isinstance(event, SpeechDiarized)
    (turn,) = (await store.load(Diarization, event.turns_key)).turns
    assert (turn.start, turn.end, turn.label) == (0, 16.0, "SPEAKER_00")
    assert work.warnings == [("diarization_failed", "All speech is shown as one unnamed speaker: the engine died")]
    (decision,) = (await match(store, event)).decisions
    assert (decision.reason, decision.name, decision.speech_seconds) == ("no_embedding", None, 16.0)


async def test_an_enrolled_speaker_is_named_in_a_meeting_and_the_stranger_is_not(
    store: ObjectStore, engine: ChildEngine[Diarizer], tmp_path: Path
) -> None:
    await store.upload(SHORT, MEETING.audio_key)
    voice = await enroll(store, engine, clip_of(MARK, 12.0), tmp_path)
    embedding = await store.load(SpeakerEmbedding, voice.embedding_key)
    voiceprint = Voiceprint(sample_id="s1", speaker_id="p1", name="Mark", vector=embedding.vector)
    gallery = Gallery(workspace="default", model=voice.model, voiceprints=(voiceprint,))
    await store.put(gallery_key("default", voice.model), gallery.model_dump_json().encode())

    matches = await match(store, await diarize(store, engine, SpeakerBounds()))

    assert matches.names == {"SPEAKER_00": "Mark"}
    assert (matches.model, matches.gallery_digest) == (voice.model, gallery.digest)
    assert matches.decisions[0].score is not None
    assert matches.decisions[0].score > matches.threshold
    assert all(one.embedding_key is not None for one in matches.decisions)


async def test_a_request_brings_its_own_threshold_and_margin(store: ObjectStore, engine: ChildEngine[Diarizer]) -> None:
    await store.upload(SHORT, MEETING.audio_key)
    event = await diarize(store, engine, SpeakerBounds())
    request = MeetingRequest(match_threshold=0.0, match_margin=0.01)
    await store.put(MEETING.request_key, request.model_dump_json().encode())

    matches = await match(store, event)

    assert (matches.threshold, matches.margin) == (0.0, 0.01)


async def test_a_label_whose_embedding_was_erased_stays_unnamed_and_the_others_are_matched(
    store: ObjectStore, engine: ChildEngine[Diarizer]
) -> None:
    await store.upload(SHORT, MEETING.audio_key)
    event = await diarize(store, engine, SpeakerBounds())
    erased = (await store.load(Diarization, event.turns_key)).embeddings["SPEAKER_00"]
    await store.delete([erased])

    matches = await match(store, event)

    assert [one.reason for one in matches.decisions] == ["no_embedding", "empty_gallery"]
    assert [one.embedding_key is None for one in matches.decisions] == [True, False]


async def test_without_a_gallery_nobody_is_named(store: ObjectStore, engine: ChildEngine[Diarizer]) -> None:
    await store.upload(SHORT, MEETING.audio_key)

    matches = await match(store, await diarize(store, engine, SpeakerBounds()))

    assert [one.reason for one in matches.decisions] == ["empty_gallery", "empty_gallery"]
    assert matches.gallery_digest is None


async def test_failed_matching_leaves_labels_unnamed_with_a_warning(
    store: ObjectStore, engine: ChildEngine[Diarizer]
) -> None:
    await store.upload(SHORT, MEETING.audio_key)
    event = await diarize(store, engine, SpeakerBounds())
    work = RecordedWork(store, event.folder)
    fallback = match_stage(store, StoredGalleries(store), rules=MatchRules()).fallback
    assert fallback is not None

    (matched,) = await fallback(event, work, PipelineError("the gallery is broken"))

    assert isinstance(matched, SpeakersMatched)
    matches = await store.load(SpeakerMatches, matched.speakers_key)
    assert [(one.label, one.reason) for one in matches.decisions] == [
        ("SPEAKER_00", "stage_failed"),
        ("SPEAKER_01", "stage_failed"),
    ]
    assert [code for code, _ in work.warnings] == ["matching_failed"]


async def test_a_sample_gives_an_embedding_and_says_how_much_speech_it_held(
    store: ObjectStore, engine: ChildEngine[Diarizer], tmp_path: Path
) -> None:
    event = await enroll(store, engine, clip_of(MARK, 8.0), tmp_path)

    assert event.subject == SAMPLE.subject
    assert 5 < event.speech_seconds <= 8
    assert (await store.load(SpeakerEmbedding, event.embedding_key)).model == event.model


async def test_samples_that_cannot_make_a_voiceprint_say_why(
    store: ObjectStore, engine: ChildEngine[Diarizer], tmp_path: Path
) -> None:
    silence = np.zeros(5 * 16_000, np.float32)
    two = np.concatenate([clip_of(MARK, 5.0), clip_of(JULIA, 5.0)])
    expected: list[tuple[Array, type[PipelineError], str]] = [
        (silence, NoSpeech, "no_speech"),
        (clip_of(MARK, 2.5), TooLittleSpeech, "too_little_speech"),
        (two, SeveralVoices, "several_voices"),
    ]

    for samples, error, code in expected:
        with pytest.raises(error) as raised:
            await enroll(store, engine, samples, tmp_path)
        assert (raised.value.code, raised.value.retryable) == (code, False)


def test_stages_say_what_they_consume_and_how_long_they_may_take(
    store: ObjectStore, engine: ChildEngine[Diarizer]
) -> None:
    heavy = diarize_stage(store, engine, info=INFO, slots=3)
    light: Stage[SpeechDiarized] = match_stage(store, StoredGalleries(store), rules=MatchRules())
    sample = enroll_stage(store, engine, info=INFO)

    assert (heavy.name, heavy.consumes, heavy.slots, heavy.engine) == ("diarize", AudioNormalized, 3, INFO)
    assert (light.name, light.consumes) == ("match", SpeechDiarized)
    assert (sample.name, sample.consumes) == ("enroll", SampleNormalized)
    long = MEETING.model_copy(update={"duration": 21_600.0})
    assert heavy.deadline(long) > 21_600 > heavy.deadline(MEETING)


class Hearing:
    """Stands for an engine that heard this in a clip."""

    info = INFO

    def __init__(self, voice: SampleVoice) -> None:
        self.embedding_model = voice.model
        self._voice = voice

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        raise NotImplementedError

    def embed(self, audio: Path) -> SampleVoice:
        return self._voice


@pytest.mark.parametrize(("seconds", "error"), [(0.0, NoSpeech), (1.5, TooLittleSpeech), (4.0, TooLittleSpeech)])
async def test_speech_that_gave_no_voice_is_too_little_and_not_none(
    store: ObjectStore, seconds: float, error: type[PipelineError]
) -> None:
    model = EmbeddingModel(name="small", revision="1", dimension=2)
    voice = SampleVoice(embedding=None, speech_seconds=seconds, other_voice_seconds=0.0, model=model)
    await store.put(SAMPLE.audio_key, b"")
    stage = enroll_stage(store, EngineHere[Diarizer](lambda: Hearing(voice)), info=INFO)

    with pytest.raises(error):
        await stage.handle(SAMPLE, RecordedWork(store, SAMPLE.folder))
