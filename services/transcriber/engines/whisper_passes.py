"""The words of a chunk in two passes: all its speech together, then again alone what was doubtful or had no words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from libs.common import progress
from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment, Word
from services.transcriber.engines.repetitions import without_loops
from services.transcriber.engines.whisper_decoding import Decoding, Heard
from services.transcriber.unheard import unheard_speech
from services.transcriber.windows import Speech, cut_windows, only_speech

_MARGIN_SECONDS = 0.2
"""Around a stretch that is decoded alone."""

_NEAR_SECONDS = 5.0
_LEAST_WRITTEN, _MOST_OF = 3, 0.6
"""Words in a row, and their share, from which a passage is taken for one that stands beside it already."""

_SHORTEST_SECONDS = 0.1
"""Less than this is no word, and too little for a spectrum."""

_FIRST_SHARE = 0.8
"""Of the progress."""


@dataclass
class Found:
    """What was recognized; times count from the first of the samples."""

    words: list[Word] = field(default_factory=list)

    loops: list[Segment] = field(default_factory=list)
    """When a phrase was repeated over and over; it is among the words once."""

    def add(self, words: Sequence[Word]) -> None:
        """Take what is no repetition."""
        kept, repeated = without_loops(words)
        self.words += kept
        self.loops += repeated


def recognize(decoding: Decoding, samples: NDArray[np.float32], speech: Sequence[Segment]) -> Found:
    """The words in the speech of some audio, by start, and nothing of what lies outside of it.

    Args:
        decoding: How.
        samples: Shape (num_samples,).
        speech: Where somebody talks, seconds from the first sample; may overlap.
    """
    found = Found()
    spoken = only_speech(samples, speech)
    windows = [one for one in cut_windows(spoken.samples) if one.duration >= _SHORTEST_SECONDS]
    for done, heard in enumerate(decoding.together(spoken.samples, windows), start=1):
        found.add(_checked(decoding, spoken, heard))
        progress.report(_FIRST_SHARE * done / len(windows))
    holes = unheard_speech(speech, found.words)
    for done, hole in enumerate(holes, start=1):
        found.add(_heard_alone(decoding, samples, hole, found.words))
        progress.report(_FIRST_SHARE + (1 - _FIRST_SHARE) * done / len(holes))
    found.words.sort(key=lambda word: (word.start, word.end))
    progress.report(1.0)
    return found


def moved(word: Word, seconds: float) -> Word:
    """The same word, so much later."""
    return word.model_copy(update={"start": word.start + seconds, "end": word.end + seconds})


def _checked(decoding: Decoding, spoken: Speech, heard: Heard) -> list[Word]:
    """The words of a window, where they are in the audio; decoded again if they are implausible."""
    words = list(heard.words)
    if not heard.is_trustworthy:
        words = [moved(word, heard.window.start) for word in decoding.alone(_part(spoken.samples, heard.window))]
    return [word.model_copy(update=dict(spoken.original(word.start, word.end))) for word in words]


def _heard_alone(decoding: Decoding, samples: NDArray[np.float32], hole: Segment, known: Sequence[Word]) -> list[Word]:
    """What is said in a stretch that has no words, and is not written beside it."""
    around = _widened(hole, _MARGIN_SECONDS, len(samples) / SAMPLE_RATE_HZ)
    near = [word for word in known if word.gap(hole) <= _NEAR_SECONDS]
    words = [moved(word, around.start) for word in decoding.alone(_part(samples, around), is_sceptical=True)]
    if _is_written(words, near):
        return []
    beside = {_spelled(word) for word in near if word.gap(around) == 0}
    return [word for word in words if hole.start <= word.middle <= hole.end or _spelled(word) not in beside]


def _is_written(words: Sequence[Word], near: Sequence[Word]) -> bool:
    """Whether most of the words stand beside their hole: then they are there, only with wrong times."""
    found, known = ([_spelled(word) for word in one] for one in (words, sorted(near, key=lambda word: word.start)))
    longest = SequenceMatcher(None, found, known, autojunk=False).find_longest_match().size
    return longest >= max(_LEAST_WRITTEN, _MOST_OF * len(found))


def _widened(segment: Segment, margin: float, duration: float) -> Segment:
    return Segment(start=max(0.0, segment.start - margin), end=min(duration, segment.end + margin))


def _spelled(word: Word) -> str:
    return word.text.casefold().strip(".,;:!?…")


def _part(samples: NDArray[np.float32], segment: Segment) -> NDArray[np.float32]:
    return samples[round(segment.start * SAMPLE_RATE_HZ) : round(segment.end * SAMPLE_RATE_HZ)]
