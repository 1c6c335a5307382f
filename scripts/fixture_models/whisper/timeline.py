"""Utterances on one line of time, and the windows cut out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import SAMPLE_RATE_HZ
from scripts.fixture_models.whisper.speech import Spoken, Timed


@dataclass(frozen=True)
class Placed:
    """An utterance at its place."""

    spoken: Spoken
    start: float
    """Of its samples."""

    gain: float
    speed: float = 1.0
    """As a tape that runs faster: also higher."""

    def shift(self, one: Timed) -> Timed:
        """A time of the utterance on the line."""
        return Timed(one.text, self.start + one.start / self.speed, self.start + one.end / self.speed)

    @property
    def words(self) -> tuple[Timed, ...]:
        return tuple(self.shift(word) for word in self.spoken.words)

    @property
    def samples(self) -> NDArray[np.float32]:
        """Shape (num_samples,)."""
        samples = self.spoken.samples
        if self.speed != 1:
            positions = np.arange(int(len(samples) / self.speed)) * self.speed
            samples = np.interp(positions, np.arange(len(samples)), samples).astype(np.float32)
        return self.gain * samples


@dataclass(frozen=True)
class Window:
    """A stretch of a line; times count from its start."""

    samples: NDArray[np.float32]
    """Shape (num_samples,), 16 kHz, without noise."""

    sentences: tuple[tuple[Timed, ...], ...]
    """Words heard whole, by sentence."""

    cut: bool
    """Whether the last sentence goes on behind the window's end (it may have no word yet)."""

    cut_start: float
    """When that sentence begins."""

    phones: tuple[Timed, ...]

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


def place(utterances: Sequence[tuple[Spoken, float, float, float]], *, lead: float) -> list[Placed]:
    """Utterances (with pause before, gain and speed) one after the other; a pause counts from word to word."""
    placed: list[Placed] = []
    reached = lead
    for spoken, pause, gain, speed in utterances:
        start = reached + (pause if placed else 0) - spoken.words[0].start / speed
        placed.append(Placed(spoken, start, gain, speed))
        reached = max(reached, placed[-1].words[-1].end)
    return placed


def pauses(placed: Sequence[Placed], *, least: float = 0.12) -> list[Timed]:
    """The times in which nobody speaks between the first word and the last."""
    words = sorted((word for one in placed for word in one.words), key=lambda word: word.start)
    found, reached = [], words[0].end
    for word in words[1:]:
        if word.start - reached >= least:
            found.append(Timed("", reached, word.start))
        reached = max(reached, word.end)
    return found


def cut(placed: Sequence[Placed], start: float, end: float) -> Window:
    """The window between two times; what begins before it is heard but not written."""
    samples = np.zeros(round((end - start) * SAMPLE_RATE_HZ), dtype=np.float32)
    sentences: list[tuple[Timed, ...]] = []
    phones: list[Timed] = []
    cut_start: float | None = None
    for one in placed:
        if one.words[-1].end <= start or one.words[0].start >= end:
            continue
        _add(samples, one.samples, round((one.start - start) * SAMPLE_RATE_HZ))
        phones += [_relative(one.shift(phone), start) for phone in one.spoken.phones]
        for sentence in _by_sentence(one.words):
            heard = tuple(_relative(word, start) for word in sentence if start <= word.start and word.end <= end)
            if sentence[0].start < end < sentence[-1].end:
                cut_start = sentence[0].start - start
            if heard:
                sentences.append(heard)
    return Window(samples, tuple(sentences), cut_start is not None, cut_start or 0.0, tuple(phones))


def _add(samples: NDArray[np.float32], piece: NDArray[np.float32], position: int) -> None:
    piece = piece[max(0, -position) :]
    position = max(0, position)
    piece = piece[: len(samples) - position]
    samples[position : position + len(piece)] += piece


def _relative(one: Timed, start: float) -> Timed:
    return Timed(one.text, one.start - start, one.end - start)


def _by_sentence(words: Sequence[Timed]) -> list[list[Timed]]:
    sentences: list[list[Timed]] = [[]]
    for word in words:
        sentences[-1].append(word)
        if word.text[-1] in ".?!":
            sentences.append([])
    return [sentence for sentence in sentences if sentence]
