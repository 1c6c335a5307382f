"""What the second pass makes good: with the small real model, whose first pass is spoiled on purpose."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from libs.common.audio import audio_duration, read_segment
from libs.common.rttm import read_rttm
from libs.common.speech import Segment, Turn, Word
from services.transcriber.engines.whisper_decoding import Decoding, Heard
from services.transcriber.engines.whisper_passes import recognize
from services.transcriber.unheard import unheard_speech
from services.transcriber.windows import cut_windows
from tests.unit.services.transcriber.engines.random_whisper import write_random_whisper

ROOT = Path(__file__).parents[5]
PLANNING = ROOT / "samples" / "planning" / "planning.flac"
SHORT = ROOT / "samples" / "short" / "short.flac"

Spoil = Callable[[Heard], Heard]


class SpoiledDecoding(Decoding):
    """The real one, but for what it hears in batches."""

    spoil: Spoil = staticmethod(lambda heard: heard)

    def together(self, samples: NDArray[np.float32], windows: Sequence[Segment]) -> Iterator[Heard]:
        return map(self.spoil, super().together(samples, windows))


@pytest.fixture(scope="module")
def model() -> WhisperModel:
    return WhisperModel(str(ROOT / "tests/models/whisper"), device="cpu", compute_type="int8", cpu_threads=1)


@pytest.fixture
def decoding(model: WhisperModel) -> SpoiledDecoding:
    return SpoiledDecoding(model, "en", None, beam_size=5, batch_size=2)


@pytest.fixture
def samples() -> NDArray[np.float32]:
    return read_segment(SHORT, Segment(start=0, end=audio_duration(SHORT)))


@pytest.fixture
def turns() -> Sequence[Turn]:
    return tuple(read_rttm(SHORT.with_suffix(".rttm").read_text()))


def _texts(words: Sequence[Word]) -> list[str]:
    return [word.text for word in words]


def _set(decoding: SpoiledDecoding, spoil: Spoil) -> None:
    object.__setattr__(decoding, "spoil", spoil)


def test_windows_together_give_the_same_words_as_one_by_one(decoding: SpoiledDecoding) -> None:
    samples = read_segment(PLANNING, Segment(start=0, end=audio_duration(PLANNING)))
    windows = cut_windows(samples)

    together = list(replace(decoding, batch_size=len(windows)).together(samples, windows))
    alone = list(replace(decoding, batch_size=1).together(samples, windows))

    assert len(windows) == 5
    assert [heard.window for heard in together] == windows
    assert all(heard.words for heard in together)
    assert [_texts(heard.words) for heard in together] == [_texts(heard.words) for heard in alone]


def test_hotwords_change_what_is_heard(tmp_path: Path) -> None:
    random = WhisperModel(str(write_random_whisper(tmp_path / "random")), device="cpu", cpu_threads=1)
    samples = read_segment(SHORT, Segment(start=0, end=5.0))
    window = Segment(start=0, end=5.0)
    untold = Decoding(random, "en", None, beam_size=1, batch_size=1)

    without, told = (list(one.together(samples, [window])) for one in (untold, replace(untold, hotwords="Hansard")))

    assert _texts(without[0].words) != _texts(told[0].words)


def test_a_turn_that_the_first_pass_left_out_is_heard_again(
    decoding: SpoiledDecoding, samples: NDArray[np.float32], turns: Sequence[Turn]
) -> None:
    whole = recognize(decoding, samples, turns)
    lost = turns[1]
    _set(decoding, lambda heard: replace(heard, words=tuple(one for one in heard.words if not one.overlap(lost))))

    mended = recognize(decoding, samples, turns)

    assert unheard_speech(turns, mended.words) == []
    assert SequenceMatcher(None, _texts(mended.words), _texts(whole.words)).ratio() > 0.8


def test_words_that_are_there_with_wrong_times_are_not_doubled(
    decoding: SpoiledDecoding, samples: NDArray[np.float32], turns: Sequence[Turn]
) -> None:
    whole = recognize(decoding, samples, turns)
    late = turns[1].end

    def squeeze(heard: Heard) -> Heard:
        moved = (
            word.model_copy(update={"start": late - 0.1, "end": late}) if word.overlap(turns[1]) else word
            for word in heard.words
        )
        return replace(heard, words=tuple(moved))

    _set(decoding, squeeze)

    assert sorted(_texts(recognize(decoding, samples, turns).words)) == sorted(_texts(whole.words))


def test_a_window_that_is_implausible_is_heard_again(
    decoding: SpoiledDecoding, samples: NDArray[np.float32], turns: Sequence[Turn]
) -> None:
    whole = recognize(decoding, samples, turns)
    _set(decoding, lambda heard: replace(heard, words=heard.words[:1] * 50, is_trustworthy=False))

    mended = recognize(decoding, samples, turns)

    assert len(mended.words) > 40
    assert SequenceMatcher(None, _texts(mended.words), _texts(whole.words)).ratio() > 0.8
    assert mended.loops == []


def test_a_phrase_that_is_repeated_is_kept_once_with_the_times_of_the_rest(
    decoding: SpoiledDecoding, samples: NDArray[np.float32], turns: Sequence[Turn]
) -> None:
    _set(decoding, lambda heard: replace(heard, words=heard.words[:1] * 50))

    found = recognize(decoding, samples, turns)

    assert len(found.loops) == 1
    assert len([word for word in found.words if word.text == found.words[0].text]) < 50


def test_speech_in_which_nothing_can_be_recognized_stays_without_words(decoding: SpoiledDecoding) -> None:
    noise = np.random.default_rng(0).normal(scale=0.01, size=16_000 * 8).astype(np.float32)

    assert recognize(decoding, noise, [Segment(start=1.0, end=6.0)]).words == []
