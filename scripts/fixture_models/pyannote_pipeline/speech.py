"""What a voice says: samples, and where in them there is speech."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.energy import find_speech
from libs.common.speech import Segment
from scripts.make_samples import SAMPLES
from scripts.sample_meeting.scenario import Person, read_scenario
from scripts.sample_meeting.voice import speak

VOICES = ("rms", "slt", "awb", "kal16")
LEVEL_DBFS = -22.0
OTHER_SENTENCES = Path(__file__).with_name("sentences.txt")

Say = Callable[[str, str], "Utterance"]
"""Voice, text → how it sounds."""


@dataclass(frozen=True)
class Utterance:
    """One text in one voice."""

    samples: NDArray[np.float32]
    """Shape (num_samples,), 16 kHz."""

    speech: tuple[Segment, ...]

    def at_speed(self, speed: float) -> "Utterance":
        """Played faster (above 1) or slower, which makes it another, higher or lower voice."""
        times = np.arange(int(len(self.samples) / speed)) * speed
        samples = np.interp(times, np.arange(len(self.samples)), self.samples).astype(np.float32)
        return Utterance(samples, tuple(Segment(start=one.start / speed, end=one.end / speed) for one in self.speech))


@cache
def say(voice: str, text: str) -> Utterance:
    """The text from flite, at a common level."""
    samples = speak(text, Person(voice=voice, level_dbfs=LEVEL_DBFS))
    return Utterance(samples, tuple(find_speech(samples)))


def meeting_sentences() -> tuple[str, ...]:
    """All that is said in the sample meetings and their enrolment clips."""
    scenarios = [read_scenario(path) for path in sorted(SAMPLES.glob("*/scenario.yaml"))]
    texts = [text for one in scenarios for text in (*one.clips.values(), *(text for _, _, text in one.utterances))]
    return tuple(dict.fromkeys(texts))


def other_sentences() -> tuple[str, ...]:
    """What is said in none of them."""
    return tuple(OTHER_SENTENCES.read_text(encoding="utf-8").splitlines())
