"""Voices and sounds that tests of the diarizer make themselves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.diarizer.voice_encoder import DIMENSION

Array = NDArray[np.float32]

_SPREAD = 0.62
"""Noise that gives windows of one voice a mean cosine similarity of about 0.72, as the voice encoder does."""


def make_voices(count: int, *, seed: int = 0) -> Array:
    """Directions that have a cosine similarity of about 0.5 to each other, shape (count, DIMENSION)."""
    random = np.random.default_rng(seed)
    return _unit(random.normal(size=DIMENSION) + random.normal(size=(count, DIMENSION)))


def speak(voices: Array, order: Sequence[int], *, seed: int = 1) -> Array:
    """One embedding per window of the voices in this order, shape (len(order), DIMENSION)."""
    noise = np.random.default_rng(seed).normal(size=(len(order), DIMENSION)) * _SPREAD / DIMENSION**0.5
    return _unit(voices[list(order)] + noise)


def tone(seconds: float, frequency_hz: float, *, amplitude: float = 0.3) -> Array:
    """A pure tone at 16 kHz."""
    times = np.arange(round(seconds * 16_000)) / 16_000
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency_hz * times), np.float32)


def _unit(vectors: NDArray[np.float64]) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
