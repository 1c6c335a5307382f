"""The small Whisper in `tests/models/whisper`, through plain faster-whisper: what the engine's tests can rely on."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.transcribe import Word
from numpy.typing import NDArray

from evaluation.recordings import read_stm
from libs.common.audio import SAMPLE_RATE_HZ, audio_duration, read_segment
from libs.common.scoring.words import align_words, count_errors
from libs.common.speech import Segment
from scripts.fixture_models.whisper.trial import sample_chunks, words_of

ROOT = Path(__file__).parents[5]
SAMPLES = ROOT / "samples"
HIGHEST_WER = 0.1
HIGHEST_START_ERROR = 0.1


@pytest.fixture(scope="module")
def model() -> WhisperModel:
    return WhisperModel(str(ROOT / "tests/models/whisper"), device="cpu", compute_type="int8", cpu_threads=1)


@pytest.fixture(scope="module")
def short() -> NDArray[np.float32]:
    audio = SAMPLES / "short" / "short.flac"
    return read_segment(audio, Segment(start=0, end=audio_duration(audio)))


def _said(name: str) -> str:
    return " ".join(one.text for one in read_stm((SAMPLES / name / f"{name}.stm").read_text()))


def _rate(said: str, heard: str) -> float:
    return count_errors(align_words(words_of(said), words_of(heard))).rate or 0.0


def _words(model: WhisperModel, samples: NDArray[np.float32]) -> Iterator[Word]:
    parts, _ = model.transcribe(samples, language="en", word_timestamps=True, condition_on_previous_text=False)
    for part in parts:
        yield from part.words or ()


def test_it_understands_the_short_sample(model: WhisperModel, short: NDArray[np.float32]) -> None:
    heard = " ".join(word.word for word in _words(model, short))

    assert _rate(_said("short"), heard) <= HIGHEST_WER


def test_it_understands_the_short_sample_in_batches(model: WhisperModel, short: NDArray[np.float32]) -> None:
    parts, _ = BatchedInferencePipeline(model).transcribe(short, language="en", batch_size=2)

    assert _rate(_said("short"), " ".join(part.text for part in parts)) <= HIGHEST_WER


def test_it_understands_the_planning_meeting_in_chunks(model: WhisperModel) -> None:
    chunks = sample_chunks(SAMPLES / "planning", most_seconds=10)

    heard = []
    for chunk in chunks:
        parts, _ = model.transcribe(chunk.samples, language="en", condition_on_previous_text=False)
        heard += [part.text for part in parts]

    assert _rate(_said("planning"), " ".join(heard)) <= HIGHEST_WER


def test_words_begin_when_they_are_said(model: WhisperModel, short: NDArray[np.float32]) -> None:
    words = list(_words(model, short))

    starts = [one.start for one in read_stm((SAMPLES / "short" / "short.stm").read_text())]
    errors = [min(abs(word.start - start) for word in words) for start in starts]
    assert median(errors) <= HIGHEST_START_ERROR
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert words[-1].end <= len(short) / SAMPLE_RATE_HZ


@pytest.mark.parametrize("scale", [0.0, 0.001, 0.05])
@pytest.mark.parametrize("seconds", [5, 30])
def test_it_hears_nothing_in_silence_and_noise(model: WhisperModel, scale: float, seconds: int) -> None:
    noise = np.random.default_rng(0).normal(scale=scale, size=seconds * SAMPLE_RATE_HZ).astype(np.float32)

    assert list(_words(model, noise)) == []


def test_hotwords_do_not_disturb_it(model: WhisperModel) -> None:
    chunk = sample_chunks(SAMPLES / "planning", most_seconds=10)[0]

    parts, _ = model.transcribe(chunk.samples, language="en", hotwords="Mark, Julia", condition_on_previous_text=False)

    assert _rate(chunk.text, " ".join(part.text for part in parts)) <= HIGHEST_WER


def test_it_knows_english_only(model: WhisperModel) -> None:
    assert not model.model.is_multilingual
    assert model.supported_languages == ["en"]
