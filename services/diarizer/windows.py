"""Short windows over speech, and one speaker embedding for each; reads the recording in pieces."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ, read_segment
from libs.common.speech import Segment
from services.diarizer.mel import HOP_SAMPLES, mel_spectrogram
from services.diarizer.voice_encoder import DIMENSION, WINDOW_FRAMES, VoiceEncoder

WINDOW_SECONDS = WINDOW_FRAMES * HOP_SAMPLES / SAMPLE_RATE_HZ
HOP_SECONDS = 0.4

_BATCH_SIZE = 64
_MAX_PIECE_SECONDS = 60.0
_MARGIN_SECONDS = 0.0125
"""Half the spectrogram's window, so that the frames at the edges of a piece are whole."""

_MEAN_POWER = 0.026
"""Of speech at -25 dBFS; the encoder hears spectra without a logarithm, so each window is brought to one level."""

Array = NDArray[np.float32]


class Window(Segment):
    """A stretch of speech that is embedded at once."""

    speech_seconds: float
    """How much speech it stands for: windows overlap."""


def plan_windows(segments: Sequence[Segment]) -> list[Window]:
    """Windows that cover each segment evenly and never leave it; a short segment is one window."""
    return [window for segment in segments for window in _cover(segment)]


def embed_windows(
    audio: Path, windows: Sequence[Segment], encoder: VoiceEncoder, tell: Callable[[float], None]
) -> Array:
    """Speaker embedding of each window, shape (num_windows, DIMENSION); `tell` hears the fraction done."""
    vectors = np.zeros((len(windows), DIMENSION), np.float32)
    done = 0
    for batch in _batches(windows):
        vectors[done : done + len(batch)] = encoder.embed(_spectrograms(audio, batch))
        done += len(batch)
        tell(done / len(windows))
    return vectors


def _cover(segment: Segment) -> list[Window]:
    room = max(0.0, segment.duration - WINDOW_SECONDS)
    starts = np.linspace(segment.start, segment.start + room, 1 + int(np.ceil(room / HOP_SECONDS)))
    length, share = min(segment.duration, WINDOW_SECONDS), segment.duration / len(starts)
    return [Window(start=start, end=start + length, speech_seconds=share) for start in starts.tolist()]


def _batches(windows: Sequence[Segment]) -> Iterator[Sequence[Segment]]:
    first = 0
    for index, (_, after) in enumerate(pairwise(windows), start=1):
        if index - first == _BATCH_SIZE or after.end - windows[first].start > _MAX_PIECE_SECONDS:
            yield windows[first:index]
            first = index
    if windows:
        yield windows[first:]


def _spectrograms(audio: Path, windows: Sequence[Segment]) -> Array:
    """Shape (num_windows, WINDOW_FRAMES, NUM_BANDS)."""
    start = max(0.0, windows[0].start - _MARGIN_SECONDS)
    frames = mel_spectrogram(read_segment(audio, Segment(start=start, end=windows[-1].end + _MARGIN_SECONDS)))
    return np.stack([_window_frames(frames, window.start - start, window.duration) for window in windows])


def _window_frames(frames: Array, start: float, duration: float) -> Array:
    """The frames of one window at the common level; a short window is repeated until it is full."""
    first = round(start * SAMPLE_RATE_HZ / HOP_SAMPLES)
    count = max(1, round(duration * SAMPLE_RATE_HZ / HOP_SAMPLES))
    own = frames[first : first + count]
    full = np.take(own, np.arange(WINDOW_FRAMES) % len(own), axis=0)
    return np.asarray(full * (_MEAN_POWER / max(float(full.mean()), 1e-9)), np.float32)
