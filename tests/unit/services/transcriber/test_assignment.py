import time

import numpy as np
import pytest

from libs.common.speech import Turn, Word
from services.transcriber.assignment import assign_words


def _word(start: float, end: float) -> Word:
    return Word(start=start, end=end, text="word", probability=1.0)


def _turn(start: float, end: float) -> Turn:
    return Turn(start=start, end=end, label="SPEAKER_00")


TURNS = [_turn(0.0, 2.0), _turn(2.2, 4.0), _turn(10.0, 20.0), _turn(12.0, 13.0), _turn(19.0, 22.0)]


@pytest.mark.parametrize(
    ("word", "turn"),
    [
        ((0.5, 1.0), 0),
        ((1.7, 2.3), 0),
        ((1.9, 2.5), 1),
        ((2.05, 2.1), 0),
        ((2.12, 2.18), 1),
        ((5.0, 5.5), 1),
        ((8.0, 9.0), 2),
        ((11.0, 11.9), 2),
        ((11.0, 12.1), 2),
        ((12.2, 12.8), 3),
        ((12.1, 13.8), 2),
        ((13.0, 14.0), 2),
        ((19.2, 19.8), 4),
        ((18.0, 19.8), 2),
        ((50.0, 51.0), 4),
        ((12.5, 12.5), 3),
        ((2.0, 2.0), 0),
    ],
)
def test_a_word_goes_to_the_turn_it_overlaps_most_else_to_the_nearest(word: tuple[float, float], turn: int) -> None:
    assert assign_words([_word(*word)], TURNS) == [turn]


def _by_looking_at_all(words: list[Word], turns: list[Turn]) -> list[tuple[float, float]]:
    """The definition: largest overlap, then smallest gap."""
    return [min((-round(word.overlap(turn), 3), round(word.gap(turn), 3)) for turn in turns) for word in words]


@pytest.mark.parametrize("seed", range(20))
def test_the_sweep_finds_what_looking_at_every_turn_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, 300, 60))
    turns = [_turn(float(start), float(start + rng.exponential(4.0))) for start in starts]
    words = [_word(float(start), float(start + rng.uniform(0, 0.8))) for start in np.sort(rng.uniform(0, 310, 500))]

    found = assign_words(words, turns)

    ranks = [
        (-round(word.overlap(turns[index]), 3), round(word.gap(turns[index]), 3))
        for word, index in zip(words, found, strict=True)
    ]
    assert ranks == _by_looking_at_all(words, turns)


def test_six_hours_take_seconds() -> None:
    turns = [_turn(start, start + 3.5) for start in np.arange(0.0, 21_600.0, 3.0).tolist()]
    words = [_word(start, start + 0.25) for start in np.arange(0.0, 21_600.0, 0.33).tolist()]

    begin = time.process_time()
    assert len(assign_words(words, turns)) == len(words)

    assert time.process_time() - begin < 10.0


def test_without_words_there_is_nothing_to_assign() -> None:
    assert assign_words([], []) == []
