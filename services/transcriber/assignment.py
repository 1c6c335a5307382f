"""Gives each word to the turn in which it was said."""

import heapq
from collections.abc import Sequence

from libs.common.speech import Turn, Word


def assign_words(words: Sequence[Word], turns: Sequence[Turn]) -> list[int]:
    """Index of each word's turn: the largest overlap, otherwise the nearest.

    Where several turns hold all of a word, the one that began last has it: that is the interruption. One sweep over
    both, O((words + turns) log turns) as long as few turns are open at the same time.

    Args:
        words: By start.
        turns: By start; at least one unless there are no words.
    """
    open_turns: list[tuple[float, int]] = []
    upcoming = 0
    latest_ended: int | None = None
    assigned = []
    for word in words:
        while upcoming < len(turns) and turns[upcoming].start <= word.end:
            heapq.heappush(open_turns, (turns[upcoming].end, upcoming))
            upcoming += 1
        while open_turns and open_turns[0][0] < word.start:
            _, latest_ended = heapq.heappop(open_turns)
        candidates = [index for _, index in open_turns]
        if latest_ended is not None:
            candidates.append(latest_ended)
        if upcoming < len(turns):
            candidates.append(upcoming)
        assigned.append(min(candidates, key=lambda index: _rank(word, turns[index], index)))
    return assigned


def _rank(word: Word, turn: Turn, index: int) -> tuple[float, float, float, int]:
    return (-round(word.overlap(turn), 3), round(word.gap(turn), 3), -turn.start, index)
