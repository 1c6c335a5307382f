"""Who says what after which pause: random conversations of a few voices."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scripts.fixture_models.pyannote_pipeline.speech import VOICES, Say, Utterance

SPEEDS = (0.82, 1.0, 1.2)
"""Of playing: each makes another voice out of one of flite's."""

NUM_VOICES = len(VOICES) * len(SPEEDS)
PLAIN_SPEED_SHARE = 0.75
SPEED_JITTER = 0.03
SPREAD_DB = 3.0
MEETING_SHARE = 0.6
"""Of the sentences; the others are said in no sample meeting."""

_SAME_SPEAKER_SHARE = 0.15
_INTERRUPTION_SHARE = 0.2
_PAUSES = ((0.2, 1.0), (0.2, 2.5))
_INTERRUPTIONS = (-1.2, -0.1)


@dataclass(frozen=True)
class Speaker:
    """One of the voices, as it sounds throughout one conversation."""

    number: int
    """Of the voice, 0 to `NUM_VOICES`."""

    voice: str
    speed: float
    gain: float


@dataclass(frozen=True)
class Contribution:
    """An utterance's place in a conversation."""

    speaker: int
    """The voice's number."""

    pause: float
    """Seconds since everybody before has ended; negative for an interruption."""

    utterance: Utterance


@dataclass(frozen=True)
class Stage:
    """Everything that conversations are made of."""

    say: Say
    meeting_sentences: tuple[str, ...]
    other_sentences: tuple[str, ...]

    def conversation(self, random: np.random.Generator, *, size: int) -> Iterator[Contribution]:
        """One of so many speakers, without an end."""
        cast = choose_cast(random, size=size)
        speaker = cast[0]
        while True:
            yield Contribution(speaker.number, _pause(random), self._utterance(random, speaker))
            others = [one for one in cast if one is not speaker]
            if others and random.random() >= _SAME_SPEAKER_SHARE:
                speaker = others[random.integers(len(others))]

    def _utterance(self, random: np.random.Generator, speaker: Speaker) -> Utterance:
        texts = self.meeting_sentences if random.random() < MEETING_SHARE else self.other_sentences
        plain = self.say(speaker.voice, texts[random.integers(len(texts))]).at_speed(speaker.speed)
        return Utterance(np.asarray(plain.samples * speaker.gain, dtype=np.float32), plain.speech)


def choose_cast(random: np.random.Generator, *, size: int) -> list[Speaker]:
    """Different voices; most of them at their plain speed."""
    cast: dict[int, Speaker] = {}
    while len(cast) < size:
        voice = int(random.integers(len(VOICES)))
        is_plain = random.random() < PLAIN_SPEED_SHARE
        speed = SPEEDS.index(1.0) if is_plain else int(random.integers(len(SPEEDS)))
        number = voice * len(SPEEDS) + speed
        factor = SPEEDS[speed] * float(random.uniform(1 - SPEED_JITTER, 1 + SPEED_JITTER))
        gain = 10 ** (float(random.uniform(-SPREAD_DB, SPREAD_DB)) / 20)
        cast[number] = Speaker(number, VOICES[voice], factor, gain)
    return list(cast.values())


def _pause(random: np.random.Generator) -> float:
    if random.random() < _INTERRUPTION_SHARE:
        return float(random.uniform(*_INTERRUPTIONS))
    return float(random.uniform(*_PAUSES[random.integers(len(_PAUSES))]))
