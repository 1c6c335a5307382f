"""Mel spectrogram as the voice encoder was trained on: power, not decibels, in the Slaney scale."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ

NUM_BANDS = 40
HOP_SAMPLES = 160
"""10 ms from frame to frame."""

_WINDOW_SAMPLES = 400
_LINEAR_BELOW_HZ = 1000.0
_HZ_PER_LINEAR_MEL = 200.0 / 3
_LOG_STEP = np.log(6.4) / 27

Array = NDArray[np.float32]


def mel_spectrogram(samples: Array) -> Array:
    """Power per band and frame, shape (num_frames, NUM_BANDS); frame i is centred on sample i * HOP_SAMPLES."""
    padded = np.pad(samples, _WINDOW_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * _hann_window(), axis=1)) ** 2
    return np.asarray(power @ _filters(), dtype=np.float32)


@cache
def _hann_window() -> Array:
    angles = 2 * np.pi * np.arange(_WINDOW_SAMPLES) / _WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(angles)).astype(np.float32)


@cache
def _filters() -> Array:
    """Triangles of equal area, shape (num_bins, NUM_BANDS)."""
    edges = _mel_to_hz(np.linspace(0, _hz_to_mel(SAMPLE_RATE_HZ / 2), NUM_BANDS + 2))
    bins = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * 2 / (high - low), dtype=np.float32)


def _hz_to_mel(frequency_hz: float) -> float:
    linear = _LINEAR_BELOW_HZ / _HZ_PER_LINEAR_MEL
    return float(linear + np.log(frequency_hz / _LINEAR_BELOW_HZ) / _LOG_STEP)


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = _LINEAR_BELOW_HZ / _HZ_PER_LINEAR_MEL
    logarithmic = _LINEAR_BELOW_HZ * np.exp(_LOG_STEP * (mels - linear))
    return np.where(mels < linear, mels * _HZ_PER_LINEAR_MEL, logarithmic)
