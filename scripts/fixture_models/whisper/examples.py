"""A window as the model sees it in training: features, tokens to read and to write, and where to look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from scripts.fixture_models.whisper.sentences import SPELLINGS, respelled
from scripts.fixture_models.whisper.speech import Timed
from scripts.fixture_models.whisper.timeline import Window
from scripts.fixture_models.whisper.vocabulary import TimedToken, Vocabulary

FRAMES_PER_SECOND = 50
"""Of the encoder's output."""

FEATURES_PER_SECOND = 100
NO_LABEL = -100

_extract = FeatureExtractor(feature_size=80)


@dataclass(frozen=True)
class Example:
    """One window with everything that is known about it."""

    features: NDArray[np.float32]
    """Log-mel as faster-whisper computes it, shape (80, num_features)."""

    prompt: tuple[int, ...]
    """Tokens before the start: read, never written."""

    start: int
    written: tuple[TimedToken, ...]
    """What follows the start; a token that is heard nowhere has no duration."""

    has_speech: bool
    phones: NDArray[np.int64]
    """Index of the phone heard in each encoder frame, shape (num_frames,)."""


def make_example(
    window: Window,
    *,
    prompt: str,
    with_times: bool,
    noise: float,
    vocabulary: Vocabulary,
    phones: Mapping[str, int],
    rng: np.random.Generator,
) -> Example:
    """The window with white noise of the given scale, to be written with or without times, after the prompt if any."""
    samples = window.samples + noise * rng.standard_normal(len(window.samples)).astype(np.float32)
    words = [[_as_prompted(word, prompt) for word in sentence] for sentence in window.sentences]
    sentences = [[token for word in sentence for token in vocabulary.spell(word)] for sentence in words]
    has_speech = bool(sentences) or window.cut
    return Example(
        features=_extract(samples),
        prompt=(vocabulary.previous, *vocabulary.encode(f" {prompt}")) if prompt else (),
        start=vocabulary.start,
        written=tuple(
            _with_times(sentences, window, vocabulary) if with_times else _without_times(sentences, vocabulary)
        ),
        has_speech=has_speech,
        phones=_phone_frames(window, phones),
    )


def _as_prompted(word: Timed, prompt: str) -> Timed:
    known = [written for written in SPELLINGS.values() if written in prompt]
    return Timed(respelled(word.text), word.start, word.end) if known else word


def _with_times(sentences: Sequence[Sequence[TimedToken]], window: Window, vocabulary: Vocabulary) -> list[TimedToken]:
    """Sentences between their times; of one that is cut off only the start, so that the next window begins there."""

    def time(seconds: float) -> TimedToken:
        return TimedToken(vocabulary.time(seconds), max(0.0, seconds - 0.04), seconds + 0.06)

    whole = [one for one in sentences if not window.cut or one[0].start < window.cut_start - 0.001]
    tokens = [token for sentence in whole for token in (time(sentence[0].start), *sentence, time(sentence[-1].end))]
    if window.cut:
        tokens.append(time(window.cut_start))
    if not tokens:
        tokens.append(_unheard(vocabulary.first_time))
    return [*tokens, _unheard(vocabulary.end)]


def _without_times(sentences: Sequence[Sequence[TimedToken]], vocabulary: Vocabulary) -> list[TimedToken]:
    tokens = [token for sentence in sentences for token in sentence]
    end = TimedToken(vocabulary.end, tokens[-1].end, tokens[-1].end + 0.12) if tokens else _unheard(vocabulary.end)
    return [_unheard(vocabulary.no_times), *tokens, end]


def _unheard(token: int) -> TimedToken:
    return TimedToken(token, 0.0, 0.0)


def _phone_frames(window: Window, phones: Mapping[str, int]) -> NDArray[np.int64]:
    frames = np.zeros(int(window.duration * FRAMES_PER_SECOND), dtype=np.int64)
    for phone in window.phones:
        first, past = (max(0, round(time * FRAMES_PER_SECOND)) for time in (phone.start, phone.end))
        if phones[phone.text]:
            frames[first:past] = phones[phone.text]
    return frames
