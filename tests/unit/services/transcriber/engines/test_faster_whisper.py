"""The engine with a small real model that knows the sample meetings (`tests/models/whisper`)."""

import asyncio
import itertools
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import soundfile

from evaluation.recordings import read_stm
from libs.common import progress
from libs.common.audio import SAMPLE_RATE_HZ, audio_duration, read_segment
from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed, InvalidSettings
from libs.common.rttm import read_rttm
from libs.common.scoring.words import WordErrors, align_words, count_errors
from libs.common.speech import Segment, Word
from libs.common.storage import ObjectStore
from services.transcriber.engines import Chunk, Recognized, Transcriber, load_engine
from services.transcriber.pauses import quietest
from services.transcriber.planning import ChunkRules, plan_chunks, speech_stretches, split_stretch
from services.transcriber.settings import TranscriberSettings
from tests.processes import children, has_ended
from tests.unit.services.transcriber.engines.random_whisper import write_random_whisper
from tests.work import RecordedWork

ROOT = Path(__file__).parents[5]
MODEL = ROOT / "tests" / "models" / "whisper"
SAMPLES = ROOT / "samples"
PLANNING = SAMPLES / "planning" / "planning.flac"
SHORT = SAMPLES / "short" / "short.flac"

HIGHEST_WER = 0.1
HIGHEST_START_ERROR = 0.1


def _settings(model: Path = MODEL, *, batch_size: int = 4) -> TranscriberSettings:
    return TranscriberSettings(
        transcriber_engine="faster-whisper",
        whisper_model=str(model),
        whisper_device="cpu",
        whisper_cpu_threads=1,
        whisper_batch_size=batch_size,
    )


@pytest.fixture(scope="module")
def engine() -> Transcriber:
    return load_engine(_settings())


@pytest.fixture
async def child_engine() -> AsyncIterator[ChildEngine[Transcriber]]:
    engine: ChildEngine[Transcriber] = ChildEngine(partial(load_engine, _settings(batch_size=1)))
    yield engine
    await engine.close()


@pytest.fixture
def work(tmp_path: Path) -> RecordedWork:
    return RecordedWork(ObjectStore.open(f"file://{tmp_path}/objects"), "meetings/m/r")


def _turns(audio: Path) -> tuple[Segment, ...]:
    return tuple(read_rttm(audio.with_suffix(".rttm").read_text()))


def _chunks(audio: Path, rules: ChunkRules = ChunkRules()) -> list[Chunk]:
    """As the service plans them, from the true turns."""
    turns = _turns(audio)
    planned = plan_chunks(speech_stretches(turns, audio_duration(audio)), rules)
    return [Chunk(segment=segment, speech=turns, language="en") for segment in planned]


def _whole(audio: Path, *, vocabulary: tuple[str, ...] = ()) -> Chunk:
    segment = Segment(start=0, end=audio_duration(audio))
    return Chunk(segment=segment, speech=_turns(audio), language="en", vocabulary=vocabulary)


def _spoken(words: Sequence[Word]) -> list[str]:
    return [word.text.strip(" .,?!").lower() for word in words]


def _errors(audio: Path, words: Sequence[Word]) -> WordErrors:
    said = " ".join(one.text for one in read_stm(audio.with_suffix(".stm").read_text()))
    return count_errors(align_words([one.strip(" .,?!").lower() for one in said.split()], _spoken(words)))


def test_a_meeting_is_understood(engine: Transcriber) -> None:
    words = [word for chunk in _chunks(PLANNING) for word in engine.transcribe(PLANNING, chunk).words]

    assert (_errors(PLANNING, words).rate or 0.0) <= HIGHEST_WER
    assert all(0.0 < word.probability <= 1.0 for word in words)
    assert median(word.probability for word in words) > 0.5


async def test_a_meeting_is_understood_in_a_child_process(
    child_engine: ChildEngine[Transcriber], work: RecordedWork
) -> None:
    words: list[Word] = []
    for chunk in _chunks(PLANNING):
        words += (await child_engine.run(work, Transcriber.transcribe, PLANNING, chunk)).words

    assert (_errors(PLANNING, words).rate or 0.0) <= HIGHEST_WER


def test_words_at_the_end_of_a_window_have_a_time_and_stay(engine: Transcriber) -> None:
    chunks = _chunks(PLANNING, ChunkRules(target=8.0))
    heard = [engine.transcribe(PLANNING, chunk).words for chunk in chunks]

    words = [word for one in heard for word in one]
    assert _errors(PLANNING, words).deletions < len(chunks) / 2
    assert sum(word.duration < 0.01 for word in words) < 0.15 * len(words)


def test_words_have_the_times_at_which_they_are_said(engine: Transcriber) -> None:
    words = engine.transcribe(SHORT, _whole(SHORT)).words

    starts = [one.start for one in read_stm(SHORT.with_suffix(".stm").read_text())]
    assert median(min(abs(word.start - start) for word in words) for start in starts) <= HIGHEST_START_ERROR
    assert all(one.start <= following.start for one, following in itertools.pairwise(words))
    assert all(word.duration < 1.5 for word in words)


def test_times_count_from_the_start_of_the_recording(engine: Transcriber, tmp_path: Path) -> None:
    samples, _ = soundfile.read(SHORT)
    moved = tmp_path / "moved.flac"
    soundfile.write(moved, np.concatenate([np.zeros(100 * SAMPLE_RATE_HZ), samples]), SAMPLE_RATE_HZ)
    chunk = _whole(SHORT)
    later = Chunk(
        segment=Segment(start=100.0, end=100.0 + chunk.segment.end),
        speech=tuple(Segment(start=100.0 + one.start, end=100.0 + one.end) for one in chunk.speech),
        language="en",
    )

    here, there = engine.transcribe(SHORT, chunk).words, engine.transcribe(moved, later).words

    assert [word.text for word in there] == [word.text for word in here]
    assert [word.start - 100.0 for word in there] == pytest.approx([word.start for word in here], abs=0.001)


def test_a_model_of_one_language_needs_no_detection(engine: Transcriber) -> None:
    chunk = _chunks(SHORT)[0]
    unnamed = replace(chunk, language=None)

    assert engine.abilities().only_language == "en"
    assert engine.transcribe(SHORT, unnamed) == engine.transcribe(SHORT, chunk)


@pytest.mark.parametrize("maximum", [4.5, 6.0, 9.0])
def test_words_beside_a_cut_are_neither_doubled_nor_lost(maximum: float, engine: Transcriber) -> None:
    def quietest_time(within: Segment) -> float:
        return within.start + quietest(read_segment(SHORT, within))

    whole = _whole(SHORT)
    pieces = split_stretch(whole.segment, ChunkRules(target=maximum - 1.0, maximum=maximum), quietest_time)
    cut = [engine.transcribe(SHORT, replace(whole, segment=piece)) for piece in pieces]

    errors = _errors(SHORT, [word for one in cut for word in one.words])
    assert len(pieces) > 2
    assert (errors.insertions, errors.deletions) <= (1, 1)
    for piece, heard in zip(pieces, cut, strict=True):
        assert all(piece.start - 0.001 <= word.start <= word.end <= piece.end + 0.001 for word in heard.words)


def test_what_is_said_stays_understood_with_a_vocabulary(engine: Transcriber) -> None:
    recognized = [engine.transcribe(SHORT, replace(chunk, vocabulary=("Mark", "Julia"))) for chunk in _chunks(SHORT)]

    assert (_errors(SHORT, [word for one in recognized for word in one.words]).rate or 0.0) <= HIGHEST_WER
    assert [one.caveats for one in recognized] == [()] * len(recognized)


def test_a_vocabulary_that_is_too_long_is_cut_with_a_caveat(engine: Transcriber) -> None:
    vocabulary = tuple(f"Prosperity {n}" for n in range(400))

    recognized = engine.transcribe(SHORT, _whole(SHORT, vocabulary=vocabulary))

    (caveat,) = recognized.caveats
    assert caveat.code == "vocabulary_cut"
    assert "Of 400 names and terms" in caveat.message


@pytest.mark.parametrize("loudness", [0.0, 0.001])
def test_silence_has_no_words_although_somebody_is_said_to_talk(
    loudness: float, engine: Transcriber, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).normal(scale=loudness, size=40 * SAMPLE_RATE_HZ)
    soundfile.write(tmp_path / "silence.flac", noise, SAMPLE_RATE_HZ)
    whole = Segment(start=0.0, end=40.0)

    recognized = engine.transcribe(tmp_path / "silence.flac", Chunk(segment=whole, speech=(whole,), language="en"))

    assert recognized == Recognized(words=(), language="en")


@pytest.mark.parametrize("end", [0.0, 0.001, 0.05, 5.0])
def test_where_nobody_talks_there_are_no_words(end: float, engine: Transcriber) -> None:
    segment = Segment(start=8.0, end=8.0 + end)

    assert engine.transcribe(SHORT, Chunk(segment=segment, speech=(), language="en")).words == ()


def test_words_outside_of_the_speech_are_not_produced(engine: Transcriber) -> None:
    chunk = _whole(SHORT)
    only = chunk.speech[1]

    words = engine.transcribe(SHORT, replace(chunk, speech=(only,))).words

    assert words
    assert all(only.start - 0.25 <= word.start <= word.end <= only.end + 0.25 for word in words)


def test_progress_is_told_to_the_end(engine: Transcriber) -> None:
    told: list[float] = []
    progress.listen(told.append)

    load_engine(_settings(batch_size=1)).transcribe(PLANNING, _whole(PLANNING))

    fractions = [one for one in told if one > 0]
    assert fractions == sorted(fractions)
    assert len(fractions) >= 4
    assert fractions[-1] == 1.0


class AwaitedWork(RecordedWork):
    """Lets a test wait until the engine has begun to recognize."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store, "meetings/m/r")
        self.has_begun = asyncio.Event()

    def progress(self, fraction: float) -> None:
        if fraction > 0:
            self.has_begun.set()


@pytest.fixture
def long_recording(tmp_path: Path) -> Path:
    """So long that nobody is done with it before it is stopped."""
    samples, _ = soundfile.read(PLANNING, dtype="float32")
    soundfile.write(tmp_path / "long.flac", np.tile(samples, 6), SAMPLE_RATE_HZ)
    return tmp_path / "long.flac"


@pytest.mark.parametrize("end", ["cancelled", "killed"])
async def test_an_inference_that_ends_in_the_middle_costs_only_itself(
    end: str, child_engine: ChildEngine[Transcriber], long_recording: Path, work: RecordedWork, tmp_path: Path
) -> None:
    whole = Segment(start=0.0, end=audio_duration(long_recording))
    endless = Chunk(segment=whole, speech=(whole,), language="en")
    awaited = AwaitedWork(ObjectStore.open(f"file://{tmp_path}/objects"))
    before = children()
    await child_engine.start()
    (child,) = children() - before

    call = asyncio.create_task(child_engine.run(awaited, Transcriber.transcribe, long_recording, endless))
    await asyncio.wait_for(awaited.has_begun.wait(), 60)
    if end == "cancelled":
        call.cancel()
    else:
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(asyncio.CancelledError if end == "cancelled" else EngineCrashed):
        await call

    assert has_ended(child)
    after = await child_engine.run(work, Transcriber.transcribe, SHORT, _whole(SHORT))
    assert (_errors(SHORT, after.words).rate or 0.0) <= HIGHEST_WER


def test_it_names_its_model_the_revision_and_how_it_computes(engine: Transcriber) -> None:
    assert engine.info.name == "faster-whisper"
    name, _, revision = engine.info.models["transcription"].partition("@")
    assert name == "whisper"
    assert revision.startswith("sha256-")
    assert revision.endswith(" int8_float32")


def test_a_model_whose_weights_are_cut_off_is_refused_with_the_cure(tmp_path: Path) -> None:
    broken = Path(shutil.copytree(MODEL, tmp_path / "broken"))
    os.truncate(broken / "model.bin", 100_000)

    with pytest.raises(InvalidSettings, match=r"cannot be loaded.*fetch them again") as caught:
        load_engine(_settings(broken))

    assert str(broken) in caught.value.message
    assert "pocketsphinx" in caught.value.message


def test_a_tokenizer_that_is_none_is_refused(tmp_path: Path) -> None:
    broken = Path(shutil.copytree(MODEL, tmp_path / "broken"))
    (broken / "tokenizer.json").write_text("{}")

    with pytest.raises(InvalidSettings, match="cannot be loaded"):
        load_engine(_settings(broken))


def test_a_model_that_hears_other_frequency_bands_than_its_files_say_is_refused(tmp_path: Path) -> None:
    model = write_random_whisper(tmp_path / "model")
    (model / "preprocessor_config.json").write_text('{"feature_size": 128}')

    with pytest.raises(InvalidSettings, match=r"preprocessor_config\.json says 128"):
        load_engine(_settings(model))


def test_without_its_model_it_refuses_to_start_and_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="WHISPER_MODEL") as caught:
        load_engine(_settings(tmp_path))

    assert "pocketsphinx" in caught.value.message
