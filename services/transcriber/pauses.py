"""Where nobody speaks within a stretch of audio: by its energy, in frames of 10 ms."""

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ

_FRAME = SAMPLE_RATE_HZ // 100
_SMOOTHING_FRAMES = 5
_QUIET_FRAMES = 21
_RANGE_DB = 35.0
"""What lies this far below the loud parts is a pause."""

_NOISE_MARGIN_DB = 5.0
_LEAST_RANGE_DB = 20.0
_EDGE_SECONDS = 0.15
"""Kept on both sides of a piece, for soft beginnings and endings of words."""


def speech_pieces(
    samples: NDArray[np.float32], *, min_pause: float = 0.3, max_piece: float = 20.0
) -> list[tuple[int, int]]:
    """Cut at pauses; what has no pause within `max_piece` seconds is cut at its quietest place.

    Args:
        samples: Shape (num_samples,).
        min_pause: Shortest pause that separates pieces, seconds.
        max_piece: Longest piece, seconds.

    Returns:
        First sample and the one after the last, per piece; empty where there is no sound.
    """
    levels = _levels(samples)
    loud = np.flatnonzero(levels > _threshold(levels))
    if len(loud) == 0:
        return []
    breaks = np.flatnonzero(np.diff(loud) > min_pause * 100)
    starts = loud[np.concatenate([[0], breaks + 1])]
    ends = loud[np.concatenate([breaks, [len(loud) - 1]])] + 1
    edge = round(_EDGE_SECONDS * 100)
    pieces: list[tuple[int, int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        pieces += _split(levels, max(0, start - edge), min(len(levels), end + edge), round(max_piece * 100))
    return [(start * _FRAME, min(end * _FRAME, len(samples))) for start, end in pieces]


def quietest(samples: NDArray[np.float32]) -> float:
    """Seconds from the start to the quietest 0.2 s, the latest of equals."""
    levels = _levels(samples)
    if len(levels) == 0:
        return 0.0
    smooth = _smooth(levels, _QUIET_FRAMES)
    return float(len(smooth) - 1 - int(np.argmin(smooth[::-1]))) / 100


def _split(levels: NDArray[np.float64], start: int, end: int, longest: int) -> list[tuple[int, int]]:
    pieces = []
    while end - start > longest:
        half = start + longest // 2
        cut = half + int(np.argmin(levels[half : start + longest]))
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Decibels per frame, smoothed, shape (num_frames,)."""
    num_frames = -(-len(samples) // _FRAME)
    padded = np.pad(samples.astype(np.float64), (0, num_frames * _FRAME - len(samples)))
    power = (padded.reshape(num_frames, _FRAME) ** 2).mean(axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(power + 1e-10)
    return _smooth(levels, _SMOOTHING_FRAMES)


def _smooth(levels: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mean over `width` (odd) frames; the first and the last go on beyond the edges."""
    if len(levels) == 0:
        return levels
    return np.convolve(np.pad(levels, width // 2, mode="edge"), np.ones(width) / width, mode="valid")


def _threshold(levels: NDArray[np.float64]) -> float:
    if len(levels) == 0:
        return 0.0
    loud, noise = np.percentile(levels, [95, 10])
    return float(max(min(max(loud - _RANGE_DB, noise + _NOISE_MARGIN_DB), loud - _LEAST_RANGE_DB), -90.0))
