"""Where in a clean recording of one voice there is speech, by energy alone: a rule that no engine under test shares.

A frame of 25 ms (every 10 ms) is speech if it is louder than both 30 dB below the loud frames (their 95th
percentile) and 6 dB above the quiet ones (5th percentile). Pauses under 0.3 s belong to the speech around them,
as NIST's references have it; what is left of under 0.1 s is a click.
"""

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment

FRAME_SECONDS, HOP_SECONDS = 0.025, 0.010
LOUD_PERCENTILE, BELOW_LOUD_DB = 95, 30
QUIET_PERCENTILE, ABOVE_QUIET_DB = 5, 6
LONGEST_INNER_PAUSE_SECONDS = 0.3
SHORTEST_SPEECH_SECONDS = 0.1


def find_speech(samples: NDArray[np.float32]) -> list[Segment]:
    """Stretches of speech in 16 kHz samples of shape (num_samples,), in order; times from the first sample."""
    levels = _frame_levels_db(samples)
    if not len(levels):
        return []
    loud, quiet = np.percentile(levels, (LOUD_PERCENTILE, QUIET_PERCENTILE))
    is_speech = levels > max(loud - BELOW_LOUD_DB, quiet + ABOVE_QUIET_DB)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_speech.astype(np.int8), [0]))))
    runs = [_segment(first, end) for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]
    return [one for one in bridge(runs) if one.duration >= SHORTEST_SPEECH_SECONDS]


def bridge(segments: list[Segment]) -> list[Segment]:
    """Sorted segments with the pauses closed that are too short to separate them."""
    joined: list[Segment] = []
    for one in segments:
        if joined and one.start - joined[-1].end < LONGEST_INNER_PAUSE_SECONDS:
            joined[-1] = Segment(start=joined[-1].start, end=max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined


def _frame_levels_db(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    frame, hop = round(FRAME_SECONDS * SAMPLE_RATE_HZ), round(HOP_SECONDS * SAMPLE_RATE_HZ)
    if len(samples) < frame:
        return np.empty(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), frame)[::hop]
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-10))


def _segment(first: int, end: int) -> Segment:
    """Frames `first` to `end` (exclusive) by the times of their middles, half a hop to either side."""
    offset = (FRAME_SECONDS - HOP_SECONDS) / 2
    return Segment(start=first * HOP_SECONDS + offset, end=end * HOP_SECONDS + offset)
