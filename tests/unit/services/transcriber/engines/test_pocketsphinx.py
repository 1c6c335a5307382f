import difflib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common import progress
from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment
from services.transcriber.engines import Chunk, load_engine
from services.transcriber.engines.pocketsphinx import PocketsphinxTranscriber
from services.transcriber.settings import TranscriberSettings

SEGMENT = Segment(start=8.0, end=16.5)
TEXT = (
    "that is fine we have decided to release in the middle of march "
    "how many people will read it i think it will be about two thousand"
)
MEETING = Path(__file__).parents[5] / "samples" / "short" / "short.flac"


def chunk(segment: Segment) -> Chunk:
    return Chunk(segment=segment, speech=(segment,), language=None)


@pytest.fixture(scope="module")
def engine() -> PocketsphinxTranscriber:
    return PocketsphinxTranscriber()


def test_clear_speech_becomes_words_with_times_and_probabilities(engine: PocketsphinxTranscriber) -> None:
    reports: list[float] = []
    progress.listen(reports.append)
    segment = SEGMENT

    recognized = engine.transcribe(MEETING, chunk(segment))

    spoken = [word.text for word in recognized.words]
    assert difflib.SequenceMatcher(None, spoken, TEXT.split(), autojunk=False).ratio() > 0.9
    assert recognized.language == "en"
    assert all(segment.start <= word.start < word.end <= segment.end for word in recognized.words)
    assert all(
        one.end <= following.start + 0.011
        for one, following in zip(recognized.words, recognized.words[1:], strict=False)
    )
    assert all(0.0 < word.probability <= 1.0 for word in recognized.words)
    assert reports == sorted(reports)
    assert 0.9 < reports[-1] <= 1.0


def test_variants_of_pronunciation_are_the_same_word(engine: PocketsphinxTranscriber) -> None:
    words = engine.transcribe(MEETING, chunk(Segment(start=12.4, end=14.2))).words

    assert "read" in [word.text for word in words]


def test_what_was_heard_before_changes_nothing(engine: PocketsphinxTranscriber) -> None:
    first = engine.transcribe(MEETING, chunk(SEGMENT))
    engine.transcribe(MEETING, chunk(Segment(start=12.4, end=14.2)))

    assert engine.transcribe(MEETING, chunk(SEGMENT)) == first


def test_times_count_from_the_start_of_the_recording(engine: PocketsphinxTranscriber, tmp_path: Path) -> None:
    samples, _ = soundfile.read(MEETING)
    piece = samples[round(SEGMENT.start * SAMPLE_RATE_HZ) : round(SEGMENT.end * SAMPLE_RATE_HZ)]
    moved = tmp_path / "moved.flac"
    soundfile.write(moved, np.concatenate([np.zeros(100 * SAMPLE_RATE_HZ), piece]), SAMPLE_RATE_HZ)

    here = engine.transcribe(MEETING, chunk(SEGMENT)).words
    there = engine.transcribe(moved, chunk(Segment(start=100.0, end=100.0 + SEGMENT.duration))).words

    assert [word.text for word in there] == [word.text for word in here]
    assert [word.start - 100.0 for word in there] == pytest.approx([word.start - SEGMENT.start for word in here])


@pytest.mark.parametrize("segment", [(0.0, 0.0), (0.0, 2.0), (0.0, 0.001)])
def test_silence_has_no_words(segment: tuple[float, float], engine: PocketsphinxTranscriber, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros(2 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)

    recognized = engine.transcribe(tmp_path / "silence.flac", chunk(Segment(start=segment[0], end=segment[1])))

    assert recognized.words == ()


def test_noise_leaves_no_markers_in_the_text(engine: PocketsphinxTranscriber, tmp_path: Path) -> None:
    noise = np.random.default_rng(2).normal(size=3 * SAMPLE_RATE_HZ) * 0.05
    soundfile.write(tmp_path / "noise.flac", noise, SAMPLE_RATE_HZ)

    words = engine.transcribe(tmp_path / "noise.flac", chunk(Segment(start=0.0, end=3.0))).words

    assert not [word.text for word in words if set(word.text) & set("<>[]()+")]


def test_it_says_what_it_is_and_what_it_can_do(engine: PocketsphinxTranscriber) -> None:
    assert engine.info.name == "pocketsphinx"
    assert engine.info.models == {"transcription": "en-us@pocketsphinx-5.1.1"}
    assert engine.abilities().languages == {"en"}
    assert not engine.abilities().has_vocabulary
    assert "many of them are wrong" in (engine.abilities().caveat or "")


def test_it_is_the_engine_of_its_name() -> None:
    assert isinstance(load_engine(TranscriberSettings(transcriber_engine="pocketsphinx")), PocketsphinxTranscriber)
