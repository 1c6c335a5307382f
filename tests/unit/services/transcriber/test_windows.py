import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment
from services.transcriber.windows import cut_windows, only_speech


def _counted(seconds: float) -> NDArray[np.float32]:
    """Each sample is its own time."""
    return (np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ).astype(np.float32)


def _noise(seconds: float) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(scale=0.1, size=round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)


def _segments(*pairs: tuple[float, float]) -> list[Segment]:
    return [Segment(start=start, end=end) for start, end in pairs]


def test_only_speech_is_left_with_a_margin_and_short_pauses() -> None:
    speech = only_speech(_counted(20.0), _segments((1.0, 2.0), (3.0, 4.0), (8.0, 19.9), (9.0, 10.0)))

    assert [time for one in speech.pieces for time in (one.start, one.end)] == pytest.approx([0.8, 4.2, 7.8, 20.0])
    assert len(speech.samples) / SAMPLE_RATE_HZ == pytest.approx(15.6)


def test_what_is_heard_in_the_speech_is_found_again_in_the_audio() -> None:
    speech = only_speech(_counted(20.0), _segments((1.0, 2.0), (8.0, 19.0)))
    for start in (0.1, 1.0, 1.5, 9.0):
        moved = speech.original(start, start + 0.2)
        assert moved.start == pytest.approx(float(speech.samples[round(start * SAMPLE_RATE_HZ)]), abs=1e-3)
        assert moved.duration == pytest.approx(0.2)


def test_a_word_over_a_cut_stays_in_one_piece() -> None:
    speech = only_speech(_counted(20.0), _segments((1.0, 2.0), (8.0, 19.0)))

    first, second = speech.original(1.2, 1.5), speech.original(1.3, 1.9)

    assert (first.start, first.end) == pytest.approx((2.0, 2.2))
    assert (second.start, second.end) == pytest.approx((7.8, 8.3))


def test_audio_without_speech_has_no_windows() -> None:
    assert cut_windows(only_speech(_counted(20.0), []).samples) == []


def test_short_speech_is_one_window() -> None:
    assert cut_windows(_noise(29.9)) == _segments((0.0, 29.9))


@pytest.mark.parametrize("seconds", [31.0, 45.0, 56.0, 59.9, 60.0, 87.0, 200.0])
def test_windows_follow_each_other_and_none_is_too_long(seconds: float) -> None:
    windows = cut_windows(_noise(seconds))

    assert windows[0].start == 0.0
    assert windows[-1].end == pytest.approx(seconds)
    assert all(one.end == following.start for one, following in itertools.pairwise(windows))
    assert max(one.duration for one in windows) <= 30.0
    assert len(windows) <= np.ceil(seconds / 27.0)


def test_speech_is_cut_where_it_is_quietest() -> None:
    samples = _noise(50.0)
    samples[round(23.0 * SAMPLE_RATE_HZ) : round(23.4 * SAMPLE_RATE_HZ)] *= 0.01

    first, _ = cut_windows(samples)

    assert 23.0 < first.end < 23.4
