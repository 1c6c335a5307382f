"""Speech is where the energy is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.energy import bridge, find_speech
from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment


def signal(*parts: tuple[float, float], noise: float = 0.0005) -> NDArray[np.float32]:
    """Noise at the given levels: (seconds, amplitude), …"""
    draw = np.random.default_rng(1)
    loud = [draw.normal(scale=amplitude, size=round(seconds * SAMPLE_RATE_HZ)) for seconds, amplitude in parts]
    samples = np.concatenate(loud)
    return np.asarray(samples + draw.normal(scale=noise, size=len(samples)), np.float32)


def test_silence_at_both_ends_is_no_speech() -> None:
    (speech,) = find_speech(signal((0.5, 0), (2, 0.1), (0.7, 0)))
    assert (speech.start, speech.end) == pytest.approx((0.5, 2.5), abs=0.03)


def test_a_short_pause_belongs_to_the_speech_and_a_long_one_does_not() -> None:
    speech = find_speech(signal((1, 0.1), (0.2, 0), (1, 0.1), (0.5, 0), (1, 0.1)))
    assert [round(one.duration, 1) for one in speech] == [2.2, 1.0]


def test_a_click_is_no_speech() -> None:
    (speech,) = find_speech(signal((1, 0), (0.02, 0.1), (1, 0), (2, 0.1), (0.5, 0)))
    assert speech.start == pytest.approx(2.02, abs=0.03)


def test_background_noise_close_to_the_speech_is_not_taken_for_it() -> None:
    (speech,) = find_speech(signal((1, 0.0), (2, 0.05), (1, 0.0), noise=0.004))
    assert (speech.start, speech.end) == pytest.approx((1.0, 3.0), abs=0.03)


def test_nothing_is_found_in_nothing() -> None:
    assert find_speech(np.zeros(0, np.float32)) == []
    assert find_speech(np.zeros(SAMPLE_RATE_HZ, np.float32)) == []


def test_bridging_keeps_what_encloses() -> None:
    outer, inner = Segment(start=0, end=5), Segment(start=1, end=2)
    assert bridge([outer, inner, Segment(start=5.1, end=6)]) == [Segment(start=0, end=6)]
