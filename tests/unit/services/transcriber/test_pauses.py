import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from services.transcriber.pauses import quietest, speech_pieces

RNG = np.random.default_rng(5)


def _sound(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """Noise; each part is (seconds, loudness)."""
    samples = [RNG.normal(size=round(seconds * SAMPLE_RATE_HZ)) * loudness for seconds, loudness in parts]
    return np.concatenate(samples).astype(np.float32)


def _seconds(pieces: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ) for start, end in pieces]


@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.004])
def test_pieces_lie_between_pauses(noise: float) -> None:
    samples = _sound((1.0, noise), (2.0, 0.1), (0.8, noise), (1.5, 0.05), (1.0, noise))

    pieces = _seconds(speech_pieces(samples))

    assert pieces == [pytest.approx((0.85, 3.15), abs=0.05), pytest.approx((3.65, 5.45), abs=0.05)]


def test_a_short_break_within_speech_is_no_pause() -> None:
    assert len(speech_pieces(_sound((1.0, 0.1), (0.15, 0.0), (1.0, 0.1)))) == 1


def test_speech_without_pause_is_cut_at_its_quietest_place() -> None:
    samples = _sound((14.0, 0.1), (0.2, 0.02), (20.0, 0.1))

    pieces = speech_pieces(samples, max_piece=20.0)

    assert pieces[0][1] / SAMPLE_RATE_HZ == pytest.approx(14.1, abs=0.15)
    assert all(end - start <= 20.1 * SAMPLE_RATE_HZ for start, end in pieces)
    assert all(one[1] == following[0] for one, following in itertools.pairwise(pieces))
    assert (pieces[0][0], pieces[-1][1]) == (0, len(samples))


@pytest.mark.parametrize("num_samples", [0, 1, 100, 16_000])
def test_silence_has_no_pieces(num_samples: int) -> None:
    assert speech_pieces(np.zeros(num_samples, np.float32)) == []


def test_the_quietest_place_is_found() -> None:
    assert quietest(_sound((5.0, 0.1), (0.3, 0.01), (5.0, 0.1))) == pytest.approx(5.15, abs=0.1)
