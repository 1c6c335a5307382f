"""Windows of sound as the models see them, with who talks when."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from scripts.fixture_models.pyannote_pipeline.conversations import Contribution
from scripts.sample_meeting.mix import ROOM_TONE_DBFS

MAX_SPEAKERS = 3
"""In one window, as in pyannote's segmentation model."""

QUIETEST_ROOM_TONE_DBFS = ROOM_TONE_DBFS - 5
LOUDEST_ROOM_TONE_DBFS = -45.0
_NOISELESS_SHARE = 0.1


@dataclass(frozen=True)
class Window:
    """A stretch of a conversation."""

    samples: NDArray[np.float32]
    """Shape (num_samples,), 16 kHz."""

    speakers: tuple[int, ...]
    """Numbers of the voices that talk in it, those who talk most first."""

    activity: NDArray[np.bool_]
    """Who talks when, shape (num_speakers, num_samples)."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ

    def activity_at(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Who talks at these times (seconds), shape (num_speakers, num_times)."""
        return self.activity[:, np.minimum((times * SAMPLE_RATE_HZ).astype(int), self.activity.shape[1] - 1)]


def lay_down(contributions: Iterable[Contribution], *, seconds: float, start: float) -> Window:
    """The contributions on one timeline, as a sample meeting is mixed.

    Args:
        contributions: In their order; taken until the window is full.
        seconds: Length of the window.
        start: Where in the conversation the window begins.
    """
    num_samples = round(seconds * SAMPLE_RATE_HZ)
    samples = np.zeros(num_samples, dtype=np.float32)
    activity: dict[int, NDArray[np.bool_]] = {}
    reached = -start
    for one in contributions:
        offset = reached + one.pause - one.utterance.speech[0].start
        _add(samples, one.utterance.samples, at=round(offset * SAMPLE_RATE_HZ))
        talks = activity.setdefault(one.speaker, np.zeros(num_samples, dtype=np.bool_))
        for speech in one.utterance.speech:
            talks[_position(offset + speech.start) : _position(offset + speech.end)] = True
        reached = max(reached, offset + one.utterance.speech[-1].end)
        if reached >= seconds:
            break
    return _window(samples, activity)


def with_room_tone(window: Window, random: np.random.Generator) -> Window:
    """The window with noise as in a sample meeting, or louder, or none at all."""
    if random.random() < _NOISELESS_SHARE:
        return window
    level = 10 ** (float(random.uniform(QUIETEST_ROOM_TONE_DBFS, LOUDEST_ROOM_TONE_DBFS)) / 20)
    noise = random.standard_normal(len(window.samples), dtype=np.float32) * np.float32(level)
    return Window(np.clip(window.samples + noise, -1, 1), window.speakers, window.activity)


def _window(samples: NDArray[np.float32], activity: dict[int, NDArray[np.bool_]]) -> Window:
    """Those who talk most; nobody beyond `MAX_SPEAKERS` has a place."""
    talking = sorted((number for number in activity if activity[number].any()), key=lambda one: -activity[one].sum())
    kept = tuple(talking[:MAX_SPEAKERS])
    rows = [activity[number] for number in kept]
    return Window(samples, kept, np.stack(rows) if rows else np.zeros((0, len(samples)), dtype=np.bool_))


def _add(samples: NDArray[np.float32], piece: NDArray[np.float32], *, at: int) -> None:
    first, end = max(0, at), min(len(samples), at + len(piece))
    if first < end:
        samples[first:end] += piece[first - at : end - at]


def _position(time: float) -> int:
    return max(0, round(time * SAMPLE_RATE_HZ))
