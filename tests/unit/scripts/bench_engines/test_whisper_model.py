"""A Whisper with random weights answers as the benchmark needs it: so many words, evenly spread, then the end."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from faster_whisper import BatchedInferencePipeline, WhisperModel

from scripts.bench_engines.recording import SAMPLE
from scripts.bench_engines.whisper_model import whisper_folder

WORDS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper_folder(tmp_path_factory.mktemp("models"), "tiny", words=WORDS)


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)


@pytest.mark.parametrize("beam_size", [1, 5])
def test_every_window_is_answered_with_the_same_number_of_words(model: Any, beam_size: int) -> None:
    samples, _ = soundfile.read(SAMPLE, dtype="float32", stop=50 * 16_000)
    windows = [{"start": 0.0, "end": 20.0}, {"start": 20.0, "end": 50.0}]
    parts, _ = BatchedInferencePipeline(model).transcribe(
        samples, language="en", clip_timestamps=windows, beam_size=beam_size, word_timestamps=True
    )
    found = list(parts)
    assert [len(part.words) for part in found] == [WORDS, WORDS]
    assert all(part.avg_logprob > -1 and part.compression_ratio < 2.4 and part.no_speech_prob < 0.1 for part in found)


def test_an_answer_that_begins_late_ends_no_later(model: Any) -> None:
    samples, _ = soundfile.read(SAMPLE, dtype="float32", stop=20 * 16_000)
    parts, _ = BatchedInferencePipeline(model).transcribe(samples, language="en", hotwords="name " * 2 * WORDS)
    assert sum(len(part.tokens) for part in parts) <= 1, "the end is no answer"


def test_words_are_spread_evenly_over_a_window(model: Any) -> None:
    samples, _ = soundfile.read(SAMPLE, dtype="float32", stop=30 * 16_000)
    clip = [{"start": 0.0, "end": 30.0}]
    parts, _ = BatchedInferencePipeline(model).transcribe(
        samples, language="en", clip_timestamps=clip, word_timestamps=True
    )
    starts = [word.start for part in parts for word in part.words]
    gaps = np.diff(starts[2:])
    assert np.abs(gaps - 30 / WORDS).max() < 0.3


def test_it_counts_as_multilingual_and_hears_english(model: Any) -> None:
    samples, _ = soundfile.read(SAMPLE, dtype="float32", stop=30 * 16_000)
    assert model.model.is_multilingual
    language, probability, _ = model.detect_language(samples)
    assert language == "en"
    assert probability > 0.9


def test_a_model_is_built_once(folder: Path) -> None:
    before = (folder / "model.bin").stat().st_mtime_ns
    assert whisper_folder(folder.parent, "tiny", words=WORDS) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == before
