"""Puts utterances on one timeline, and writes down who talked when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.energy import find_speech
from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Turn
from libs.common.transcript import Utterance
from scripts.sample_meeting.scenario import Scenario
from scripts.sample_meeting.voice import speak

ROOM_TONE_DBFS = -75.0
"""A recorded pause is never digital silence."""


@dataclass(frozen=True)
class Mixed:
    """A meeting and its reference."""

    samples: NDArray[np.float32]
    """Shape (num_samples,), 16 kHz."""

    utterances: tuple[Utterance, ...]
    turns: tuple[Turn, ...]


def mix(scenario: Scenario) -> Mixed:
    """The whole scenario as one recording; pauses count from the end of speech to the beginning of speech."""
    pieces: list[tuple[int, NDArray[np.float32]]] = []
    utterances: list[Utterance] = []
    turns: list[Turn] = []
    reached = 0.0
    for number, (name, pause, text) in enumerate(scenario.utterances, start=1):
        samples = speak(text, scenario.people[name])
        speech = find_speech(samples)
        position = max(0, round((reached + pause - speech[0].start) * SAMPLE_RATE_HZ))
        offset = position / SAMPLE_RATE_HZ
        pieces.append((position, samples))
        turns += [Turn(start=offset + one.start, end=offset + one.end, label=name) for one in speech]
        reached = max(reached, offset + speech[-1].end)
        start, end = offset + speech[0].start, offset + speech[-1].end
        utterances.append(Utterance(id=f"u{number:04d}", start=start, end=end, label=name, text=text, words=()))
    return Mixed(
        samples=_lay_down(pieces, reached + scenario.closing_pause), utterances=tuple(utterances), turns=tuple(turns)
    )


def _lay_down(pieces: list[tuple[int, NDArray[np.float32]]], duration: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed=0).normal(
        scale=10 ** (ROOM_TONE_DBFS / 20), size=round(duration * SAMPLE_RATE_HZ)
    )
    for position, samples in pieces:
        piece = samples[: len(noise) - position]
        noise[position : position + len(piece)] += piece
    return np.asarray(np.clip(noise, -1, 1), dtype=np.float32)
