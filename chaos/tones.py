"""Hexadecimal digits as tones: they survive a change of format and of loudness, as the normalizer makes both."""

import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ, read_segment
from libs.common.speech import Segment

_DIGIT_SECONDS = 0.04
_DIGIT_SAMPLES = round(_DIGIT_SECONDS * SAMPLE_RATE_HZ)
_LOWEST_HZ = 400
_STEP_HZ = 100
"""Each tone is a whole number of periods long."""


def write_tones(digits: str, *, duration: float, comment: str) -> bytes:
    """A WAV file that says the digits again and again, with a comment in its header."""
    times = np.arange(_DIGIT_SAMPLES) / SAMPLE_RATE_HZ
    tones = [np.sin(2 * np.pi * (_LOWEST_HZ + _STEP_HZ * int(digit, 16)) * times) for digit in digits]
    samples = np.resize(0.3 * np.concatenate(tones), round(duration * SAMPLE_RATE_HZ))
    content = io.BytesIO()
    with soundfile.SoundFile(content, "w", SAMPLE_RATE_HZ, 1, format="WAV", subtype="PCM_16") as audio:
        audio.comment = comment
        audio.write(samples)
    return content.getvalue()


def as_normalized(content: bytes) -> bytes:
    """What the normalizer makes of such a file, but for the loudness: FLAC."""
    samples, sample_rate_hz = soundfile.read(io.BytesIO(content), dtype="int16")
    normalized = io.BytesIO()
    soundfile.write(normalized, samples, sample_rate_hz, format="FLAC")
    return normalized.getvalue()


def read_tones(audio: Path, count: int) -> str:
    """The first `count` digits of a normalized recording."""
    samples = read_segment(audio, Segment(start=0, end=count * _DIGIT_SECONDS))
    spectra = np.abs(np.fft.rfft(samples.reshape(count, _DIGIT_SAMPLES), axis=1))
    return "".join(f"{digit:x}" for digit in _digits(spectra))


def _digits(spectra: NDArray[np.float64]) -> list[int]:
    bins_per_hz = _DIGIT_SECONDS
    bins = [round((_LOWEST_HZ + _STEP_HZ * digit) * bins_per_hz) for digit in range(16)]
    return [int(digit) for digit in spectra[:, bins].argmax(axis=1)]
