import pytest

from libs.common.speech import Segment, Word
from services.transcriber.engines.word_times import slow_duration, unstacked

WINDOW = Segment(start=10.0, end=20.0)


def _words(*times: tuple[float, float]) -> list[Word]:
    return [Word(start=start, end=end, text="plan", probability=0.9) for start, end in times]


def _times(words: list[Word]) -> list[float]:
    return [time for word in words for time in (word.start, word.end)]


def test_words_that_take_their_time_stay_where_they_are() -> None:
    words = _words((10.0, 10.4), (12.0, 12.1), (12.1, 13.0))

    assert unstacked(words, WINDOW) == words


def test_words_at_one_moment_are_spread_over_the_silence_before() -> None:
    words = _words((11.0, 12.0), (13.5, 13.5), (13.5, 13.5), (13.5, 13.5), (13.5, 14.0))

    assert _times(unstacked(words, WINDOW)) == pytest.approx([11, 12, 12, 12.5, 12.5, 13, 13, 13.5, 13.5, 14])


def test_words_are_spread_no_further_than_people_need() -> None:
    (word,) = unstacked(_words((19.0, 19.0)), WINDOW)

    assert (word.start, word.end) == pytest.approx((19.0 - slow_duration("plan"), 19.0))


def test_words_without_silence_before_them_stay() -> None:
    words = _words((11.0, 12.0), (12.0, 12.0), (12.0, 12.5))

    assert unstacked(words, WINDOW) == words


def test_figures_may_take_longer_than_they_are_long() -> None:
    assert slow_duration("2024") > slow_duration("word")
