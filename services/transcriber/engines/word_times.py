"""Times of words that cannot be: Whisper's alignment puts some words all at one moment, or into the silence behind."""

import itertools
from collections.abc import Iterator, Sequence

from libs.common.speech import Segment, Word

_SLOW_WORD, _SLOW_LETTER, _SLOW_DIGIT = 0.5, 0.1, 0.5
"""Seconds."""

_NO_TIME = 0.03
"""Nobody says a word in less."""


def slow_duration(text: str) -> float:
    """Seconds that a word may last if it is said slowly; figures are written shorter than they are said."""
    num_digits = sum(one.isdigit() for one in text)
    return _SLOW_WORD + _SLOW_LETTER * (len(text) - num_digits) + _SLOW_DIGIT * num_digits


def unstacked(words: Sequence[Word], window: Segment) -> list[Word]:
    """Spread words that are said in no time over the silence before them, as far as people would need.

    Args:
        words: By start.
        window: What they were heard in.
    """
    spread: list[Word] = []
    reached = window.start
    for has_no_time, group in itertools.groupby(words, key=lambda word: word.duration < _NO_TIME):
        run = list(group)
        spread += _spread(run, reached) if has_no_time else run
        reached = max(reached, spread[-1].end)
    return spread


def _spread(words: Sequence[Word], reached: float) -> Iterator[Word]:
    """Evenly, up to the end of the last word; nothing begins before `reached`."""
    end = max(reached, words[-1].end)
    start = max(reached, end - sum(slow_duration(word.text) for word in words))
    step = (end - start) / len(words)
    for index, word in enumerate(words):
        yield word.model_copy(update={"start": start + index * step, "end": start + (index + 1) * step})
