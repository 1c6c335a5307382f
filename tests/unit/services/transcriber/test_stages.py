import datetime
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.engine import EngineInfo
from libs.common.engine_here import EngineHere
from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed, LanguageNotSupported
from libs.common.events import (
    ChunkPlanned,
    ChunkTranscribed,
    Event,
    MinutesPlanned,
    SpeakersMatched,
    StageFailed,
    TranscriptAssembled,
)
from libs.common.outcome import Outcome, PublishedEvent, Report, Unit, outcome_key
from libs.common.request import MeetingRequest
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.speech import Diarization, Segment, Turn, Word
from libs.common.storage import ObjectStore
from libs.common.transcript import ChunkWords, MeetingLanguage, Transcript, language_key
from services.transcriber.engines import Abilities, Caveat, Chunk, Recognized, SpokenLanguage, Transcriber, load_engine
from services.transcriber.errors import TranscriptionFailed
from services.transcriber.planning import ChunkRules
from services.transcriber.settings import TranscriberSettings
from services.transcriber.stages import assemble_stage, plan_stage, transcribe_stage
from tests.work import RecordedWork

ENGLISH = Abilities(languages=frozenset({"en"}), has_vocabulary=False)
INFO = EngineInfo(name="pocketsphinx")
MEETING = Path(__file__).parents[4] / "samples" / "short" / "short.flac"
FOLDER = "meetings/m1/r1"


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}/objects")


@pytest.fixture
def work(store: ObjectStore) -> RecordedWork:
    return RecordedWork(store, FOLDER)


async def _matched(
    store: ObjectStore, turns: Sequence[tuple[float, float]], duration: float, request: MeetingRequest | None = None
) -> SpeakersMatched:
    diarization = Diarization(turns=tuple(Turn(start=start, end=end, label="SPEAKER_00") for start, end in turns))
    await store.put("request", (request or MeetingRequest()).model_dump_json().encode())
    await store.put("turns", diarization.model_dump_json().encode())
    return SpeakersMatched(
        workspace="default",
        run_id="r1",
        meeting_id="m1",
        request_key="request",
        audio_key="audio",
        duration=duration,
        turns_key="turns",
        speakers_key="speakers",
    )


def _planned(matched: SpeakersMatched, index: int, num_chunks: int, segment: Segment) -> ChunkPlanned:
    return ChunkPlanned(**matched.model_dump(), index=index, num_chunks=num_chunks, segment=segment)


async def test_a_meeting_is_planned_as_numbered_chunks(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(n * 5.0, n * 5.0 + 4.0) for n in range(40)], 200.0)

    events = await plan_stage(store, ENGLISH, rules=ChunkRules()).handle(matched, work) or ()

    chunks = [event for event in events if isinstance(event, ChunkPlanned)]
    assert len(chunks) == len(events) > 1
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert {chunk.num_chunks for chunk in chunks} == {len(chunks)}
    assert len({chunk.part for chunk in chunks}) == len(chunks)
    assert chunks[0].subject == matched.subject
    assert work.warnings == []


async def test_speech_without_silence_is_cut_where_the_audio_is_quietest(
    store: ObjectStore, work: RecordedWork, tmp_path: Path
) -> None:
    samples = np.random.default_rng(0).normal(size=150 * SAMPLE_RATE_HZ) * 0.1
    samples[50 * SAMPLE_RATE_HZ : 51 * SAMPLE_RATE_HZ] *= 0.01
    soundfile.write(tmp_path / "audio.flac", samples, SAMPLE_RATE_HZ)
    await store.upload(tmp_path / "audio.flac", "audio")
    matched = await _matched(store, [(0.0, 150.0)], 150.0)

    first, *_ = await plan_stage(store, ENGLISH, rules=ChunkRules()).handle(matched, work) or ()

    assert isinstance(first, ChunkPlanned)
    assert 50.0 < first.segment.end < 51.0


async def test_a_recording_without_turns_is_one_chunk_without_words(
    store: ObjectStore, work: RecordedWork, engine: ChildEngine[Transcriber]
) -> None:
    (planned,) = await plan_stage(store, ENGLISH, rules=ChunkRules()).handle(await _matched(store, [], 9.0), work) or ()
    assert isinstance(planned, ChunkPlanned)

    (transcribed,) = await transcribe_stage(store, engine, ENGLISH, info=INFO).handle(planned, work) or ()

    assert isinstance(transcribed, ChunkTranscribed)
    assert transcribed.words_key is not None
    assert (await store.load(ChunkWords, transcribed.words_key)).words == ()


async def test_a_language_that_the_engine_lacks_is_refused_at_once(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(0.0, 5.0)], 5.0, MeetingRequest(language="fi"))

    with pytest.raises(LanguageNotSupported, match="fi"):
        await plan_stage(store, ENGLISH, rules=ChunkRules()).handle(matched, work)


async def test_a_vocabulary_that_cannot_be_used_is_a_warning(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(0.0, 5.0)], 5.0, MeetingRequest(language="en", vocabulary=("Hansard",)))

    await plan_stage(store, ENGLISH, rules=ChunkRules()).handle(matched, work)
    able = RecordedWork(store, FOLDER)
    await plan_stage(store, Abilities(frozenset({"en"}), has_vocabulary=True), rules=ChunkRules()).handle(matched, able)

    assert [code for code, _ in work.warnings] == ["vocabulary_ignored"]
    assert able.warnings == []


async def test_words_of_an_engine_that_is_known_to_be_rough_come_with_a_warning(
    store: ObjectStore, work: RecordedWork
) -> None:
    rough = Abilities(languages=frozenset({"en"}), has_vocabulary=False, caveat="Many words are wrong.")

    await plan_stage(store, rough, rules=ChunkRules()).handle(await _matched(store, [(0.0, 5.0)], 5.0), work)
    silent = RecordedWork(store, FOLDER)
    await plan_stage(store, rough, rules=ChunkRules()).handle(await _matched(store, [], 5.0), silent)

    assert work.warnings == [("rough_transcription", "Many words are wrong.")]
    assert silent.warnings == []


@pytest.fixture
async def engine() -> AsyncIterator[ChildEngine[Transcriber]]:
    engine: ChildEngine[Transcriber] = ChildEngine(partial(load_engine, TranscriberSettings()))
    yield engine
    await engine.close()


async def test_a_chunk_becomes_words_at_the_times_of_the_meeting(
    store: ObjectStore, work: RecordedWork, engine: ChildEngine[Transcriber]
) -> None:
    await store.upload(MEETING, "audio")
    segment = Segment(start=8.0, end=12.3)
    planned = _planned(await _matched(store, [], 19.0), 1, 3, segment)
    stage = transcribe_stage(store, engine, ENGLISH, info=await engine.start())

    (transcribed,) = await stage.handle(planned, work) or ()

    assert isinstance(transcribed, ChunkTranscribed)
    assert (transcribed.index, transcribed.num_chunks, transcribed.segment) == (1, 3, segment)
    assert transcribed.words_key is not None
    chunk = await store.load(ChunkWords, transcribed.words_key)
    assert {"fine", "decided", "middle"} <= {word.text for word in chunk.words}
    assert all(segment.start <= word.start <= word.end <= segment.end for word in chunk.words)
    assert stage.engine is not None
    assert stage.engine.name == "pocketsphinx"
    assert stage.deadline(planned) > segment.duration
    assert (await engine.ask(Transcriber.abilities)).languages == ENGLISH.languages


async def test_a_chunk_that_is_given_up_is_a_gap_and_a_warning(
    store: ObjectStore, work: RecordedWork, engine: ChildEngine[Transcriber]
) -> None:
    planned = _planned(await _matched(store, [], 99.0), 0, 2, Segment(start=10.0, end=70.5))
    stage = transcribe_stage(store, engine, ENGLISH, info=INFO)
    assert stage.fallback is not None

    (transcribed,) = await stage.fallback(planned, work, EngineCrashed("the engine died"))

    assert isinstance(transcribed, ChunkTranscribed)
    assert (transcribed.words_key, transcribed.error_code) == (None, "engine_crashed")
    ((code, message),) = work.warnings
    assert code == "chunk_failed"
    assert "10.0 to 70.5 s" in message


class AttentiveEngine:
    """Keeps what it was asked, and hears nothing; in this process."""

    def __init__(self, *caveats: Caveat) -> None:
        self.info = EngineInfo(name="attentive")
        self.chunks: list[Chunk] = []
        self.detections = 0
        self._caveats = caveats

    def abilities(self) -> Abilities:
        return Abilities(languages=frozenset({"de", "en", "fi"}), has_vocabulary=True)

    def detect_language(self, audio: Path, passages: tuple[Segment, ...]) -> SpokenLanguage:
        self.detections += 1
        return SpokenLanguage("fi", 0.8)

    def transcribe(self, audio: Path, chunk: Chunk) -> Recognized:
        self.chunks.append(chunk)
        return Recognized(words=(), language=chunk.language, caveats=self._caveats)


async def _transcribe(store: ObjectStore, work: RecordedWork, engine: AttentiveEngine, planned: ChunkPlanned) -> None:
    stage = transcribe_stage(store, EngineHere(lambda: engine), engine.abilities(), info=engine.info)
    await stage.handle(planned, work)


async def _put_matches(store: ObjectStore, **names: str) -> None:
    decisions = tuple(Decision(label=label, reason="matched", name=name) for label, name in names.items())
    matches = SpeakerMatches(model=None, gallery_digest=None, threshold=0.7, margin=0.1, decisions=decisions)
    await store.put("speakers", matches.model_dump_json().encode())


async def test_the_engine_is_told_where_somebody_talks_and_which_names_to_expect(
    store: ObjectStore, work: RecordedWork
) -> None:
    await store.upload(MEETING, "audio")
    await _put_matches(store, SPEAKER_00="Ana Lima", SPEAKER_02="Tom")
    request = MeetingRequest(language="de", vocabulary=("Hansard", "cpWER"))
    matched = await _matched(store, [(0.0, 5.0), (7.0, 9.0), (12.0, 15.0)], 19.0, request)
    engine = AttentiveEngine()

    await _transcribe(store, work, engine, _planned(matched, 0, 2, Segment(start=4.0, end=10.0)))

    (chunk,) = engine.chunks
    assert [(one.start, one.end) for one in chunk.speech] == [(0.0, 5.0), (7.0, 9.0)]
    assert (chunk.language, chunk.vocabulary) == ("de", ("Hansard", "cpWER", "Ana Lima", "Tom"))
    assert engine.detections == 0


async def test_chunks_of_an_unnamed_language_are_told_the_one_that_was_detected(
    store: ObjectStore, work: RecordedWork
) -> None:
    await store.upload(MEETING, "audio")
    await _put_matches(store)
    matched = await _matched(store, [(0.0, 19.0)], 19.0)
    engine = AttentiveEngine()

    for index in range(3):
        await _transcribe(store, work, engine, _planned(matched, index, 3, Segment(start=index, end=index + 1.0)))

    assert [chunk.language for chunk in engine.chunks] == ["fi"] * 3
    assert engine.detections == 1


async def test_what_an_engine_says_of_its_words_is_a_warning(store: ObjectStore, work: RecordedWork) -> None:
    await store.upload(MEETING, "audio")
    await _put_matches(store)
    matched = await _matched(store, [(0.0, 19.0)], 19.0, MeetingRequest(language="en"))
    engine = AttentiveEngine(Caveat("repetition_dropped", "once: 1.0 to 2.0 s"))

    await _transcribe(store, work, engine, _planned(matched, 0, 1, Segment(start=0.0, end=19.0)))

    assert work.warnings == [("repetition_dropped", "once: 1.0 to 2.0 s")]


async def _put_outcome(store: ObjectStore, planned: ChunkPlanned, event: Event) -> None:
    """As the runtime writes it."""
    unit = Unit(run_id=planned.run_id, stage="transcribe", part=planned.part)
    now = datetime.datetime.now(datetime.UTC)
    outcome = Outcome(
        unit=unit,
        status="failed" if isinstance(event, StageFailed) else "finished",
        published=(PublishedEvent.of(event),),
        report=Report(started_at=now, seconds=1.0, attempts=1),
        input=PublishedEvent.of(planned),
    )
    assert await store.put_new(outcome_key(planned.folder, unit), outcome.model_dump_json().encode())


async def _transcribed(store: ObjectStore, planned: ChunkPlanned, *texts: str) -> ChunkTranscribed:
    words = tuple(
        Word(start=planned.segment.start + n, end=planned.segment.start + n + 0.5, text=text, probability=0.5)
        for n, text in enumerate(texts)
    )
    key = f"{planned.folder}/{planned.part}/words.json"
    chunk = ChunkWords(index=planned.index, segment=planned.segment, language="en", words=words)
    await store.put(key, chunk.model_dump_json().encode())
    event = ChunkTranscribed(**planned.model_dump(), words_key=key)
    await _put_outcome(store, planned, event)
    return event


async def _failed(store: ObjectStore, planned: ChunkPlanned) -> ChunkTranscribed:
    event = ChunkTranscribed(
        **planned.model_dump(), words_key=None, error_code="engine_crashed", error_message="it died"
    )
    await _put_outcome(store, planned, event)
    return event


async def test_only_the_last_chunk_makes_the_transcript(store: ObjectStore, work: RecordedWork) -> None:
    request = MeetingRequest(personas=("executive", "engineer"))
    matched = await _matched(store, [(0.0, 9.0), (10.0, 19.0)], 20.0, request)
    one, two = (_planned(matched, n, 2, Segment(start=n * 10.0, end=n * 10.0 + 9.0)) for n in range(2))
    stage = assemble_stage(store)

    second = await _transcribed(store, two, "so", "what")
    assert await stage.handle(second, work) is None
    events = await stage.handle(await _transcribed(store, one, "good", "morning"), work) or ()

    assembled, *minutes = events
    assert isinstance(assembled, TranscriptAssembled)
    assert (assembled.language, assembled.personas) == ("en", ("executive", "engineer"))
    assert [event.persona for event in minutes if isinstance(event, MinutesPlanned)] == ["executive", "engineer"]
    transcript = await store.load(Transcript, assembled.transcript_key)
    assert [one.text for one in transcript.utterances] == ["good morning", "so what"]
    assert transcript.gaps == ()


def test_all_chunks_of_a_run_ask_for_the_same_unit(store: ObjectStore) -> None:
    chunk = ChunkTranscribed(
        workspace="w", run_id="r", meeting_id="m", request_key="q", audio_key="a", duration=1, turns_key="t",
        speakers_key="s", index=7, num_chunks=9, segment=Segment(start=0, end=1), words_key=None,
    )  # fmt: skip

    assert chunk.part == "00007"
    assert assemble_stage(store).part(chunk) == ""


async def test_chunks_that_failed_are_gaps_in_the_transcript(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(0.0, 29.0)], 30.0)
    one, two, three = (_planned(matched, n, 3, Segment(start=n * 10.0, end=n * 10.0 + 9.0)) for n in range(3))
    await _failed(store, one)
    crashed = StageFailed(
        workspace="default", run_id="r1", meeting_id="m1", stage="transcribe", unit_part=two.part,
        code="worker_crashed", message="the worker died", attempts=3,
    )  # fmt: skip
    await _put_outcome(store, two, crashed)

    assembled, *_ = await assemble_stage(store).handle(await _transcribed(store, three, "hello"), work) or ()

    assert isinstance(assembled, TranscriptAssembled)
    transcript = await store.load(Transcript, assembled.transcript_key)
    assert [(gap.start, gap.end, gap.code) for gap in transcript.gaps] == [
        (0.0, 9.0, "engine_crashed"),
        (10.0, 19.0, "worker_crashed"),
    ]
    assert [one.text for one in transcript.utterances] == ["hello"]


async def test_speech_without_words_is_a_warning_with_its_times(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(0.0, 2.0), (4.0, 6.5), (10.0, 19.0)], 20.0)
    one, two = (_planned(matched, n, 2, Segment(start=n * 10.0, end=n * 10.0 + 9.0)) for n in range(2))
    await _failed(store, two)

    await assemble_stage(store).handle(await _transcribed(store, one, "good", "morning"), work)

    ((code, message),) = work.warnings
    assert code == "speech_without_words"
    assert "4.0 to 6.5 s" in message
    assert "10.0" not in message


@pytest.mark.parametrize(("probability", "codes"), [(0.31, ["language_uncertain"]), (0.8, [])])
async def test_doubts_about_the_language_are_told_once(
    probability: float, codes: list[str], store: ObjectStore, work: RecordedWork
) -> None:
    matched = await _matched(store, [(0.0, 2.0)], 10.0)
    planned = _planned(matched, 0, 1, Segment(start=0.0, end=9.0))
    found = MeetingLanguage(language="nn", probability=probability, passages=(), engine=INFO)
    await store.put_new(language_key(planned.folder), found.model_dump_json().encode())
    stage = assemble_stage(store)

    await stage.handle(await _transcribed(store, planned, "god", "morgen"), work)

    assert [code for code, _ in work.warnings] == codes
    assert all("nn" in message and "31%" in message for _, message in work.warnings)


async def test_a_language_that_the_client_has_named_is_not_doubted(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(0.0, 2.0)], 10.0, MeetingRequest(language="nn"))
    planned = _planned(matched, 0, 1, Segment(start=0.0, end=9.0))
    found = MeetingLanguage(language="da", probability=0.1, passages=(), engine=INFO)
    await store.put_new(language_key(planned.folder), found.model_dump_json().encode())

    await assemble_stage(store).handle(await _transcribed(store, planned, "god", "morgen"), work)

    assert work.warnings == []


async def test_a_meeting_of_which_every_chunk_failed_fails(store: ObjectStore, work: RecordedWork) -> None:
    matched = await _matched(store, [(0.0, 19.0)], 20.0)
    one, two = (_planned(matched, n, 2, Segment(start=n * 10.0, end=n * 10.0 + 9.0)) for n in range(2))
    await _failed(store, one)

    with pytest.raises(TranscriptionFailed) as caught:
        await assemble_stage(store).handle(await _failed(store, two), work)

    assert (caught.value.code, caught.value.retryable) == ("transcription_failed", False)
