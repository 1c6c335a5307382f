"""Loops: a recognizer that has lost the thread says the same phrase over and over."""

from collections.abc import Sequence

from libs.common.speech import Segment, Word

_LONGEST_PHRASE = 12
_FEWEST_TIMES = {1: 8, 2: 5}
_FEWEST_TIMES_LONGER = 4
"""People do say "no, no, no, no"; a longer phrase comes back so often only in a loop."""


def without_loops(words: Sequence[Word]) -> tuple[list[Word], list[Segment]]:
    """The words with each phrase of a loop said once, and when the dropped ones would have been said.

    Args:
        words: By start.
    """
    spoken = [word.text.casefold().strip(" \t.,;:!?…。，！？") for word in words]
    kept: list[Word] = []
    dropped: list[Segment] = []
    position = 0
    while position < len(words):
        length, times = _loop(spoken, position)
        kept += words[position : position + length]
        if times > 1:
            loop = words[position + length : position + length * times]
            dropped.append(Segment(start=loop[0].start, end=max(word.end for word in loop)))
        position += length * times
    return kept, dropped


def _loop(spoken: Sequence[str], position: int) -> tuple[int, int]:
    """Words of the phrase that is repeated from here, and how often it is said; one word said once if none is."""
    for length in range(1, _LONGEST_PHRASE + 1):
        times = _times(spoken, position, length)
        if times >= _FEWEST_TIMES.get(length, _FEWEST_TIMES_LONGER):
            return length, times
    return 1, 1


def _times(spoken: Sequence[str], position: int, length: int) -> int:
    phrase = spoken[position : position + length]
    times = 1
    while spoken[position + length * times : position + length * (times + 1)] == phrase:
        times += 1
    return times
