"""Utterances on a line, and windows of it."""

import numpy as np
import pytest

from scripts.fixture_models.whisper.speech import Order, Spoken, Timed
from scripts.fixture_models.whisper.timeline import Placed, cut, pauses, place


def _spoken(text: str) -> Spoken:
    """Words of half a second each, after a quarter of silence and before another; loud where there is a word."""
    words = tuple(Timed(word, 0.25 + 0.5 * index, 0.75 + 0.5 * index) for index, word in enumerate(text.split()))
    samples = np.zeros(8000 * (len(words) + 1), dtype=np.float32)
    samples[4000:-4000] = 1
    return Spoken(Order(text, "slt"), samples, words, phones=tuple(Timed("ah", *word[1:]) for word in words))


def test_a_pause_counts_from_word_to_word() -> None:
    first, second = place([(_spoken("one two"), 9, 1.0, 1.0), (_spoken("three"), 0.6, 1.0, 1.0)], lead=0.3)

    assert [word.start for word in first.words] == pytest.approx([0.3, 0.8])
    assert second.words[0].start == pytest.approx(1.3 + 0.6)


def test_a_negative_pause_is_an_interruption() -> None:
    _, second = place([(_spoken("one"), 0, 1.0, 1.0), (_spoken("two"), -0.4, 1.0, 1.0)], lead=0)

    assert second.words[0].start == pytest.approx(0.1)


def test_what_is_said_faster_is_shorter_and_its_words_come_sooner() -> None:
    placed = Placed(_spoken("one two"), start=1.0, gain=0.5, speed=2.0)

    assert len(placed.samples) == pytest.approx(12_000, abs=1)
    assert placed.words == (Timed("one", 1.125, 1.375), Timed("two", 1.375, 1.625))
    assert placed.samples.max() == pytest.approx(0.5)


def test_pauses_are_where_nobody_speaks() -> None:
    placed = place([(_spoken("one two"), 0, 1, 1), (_spoken("x"), -0.2, 1, 1), (_spoken("y"), 0.5, 1, 1)], lead=0)

    (pause,) = pauses(placed)
    assert (pause.start, pause.end) == pytest.approx((1.3, 1.8))


def test_a_window_holds_samples_and_words_at_the_same_times() -> None:
    placed = place([(_spoken("one two."), 0, 1, 1), (_spoken("three"), 1.0, 1, 1)], lead=1.0)

    window = cut(placed, 0.5, 4.0)

    assert window.sentences == (
        (Timed("one", 0.5, 1.0), Timed("two.", 1.0, 1.5)),
        (Timed("three", 2.5, 3.0),),
    )
    loud = np.flatnonzero(window.samples) / 16_000
    assert (loud[0], loud[-1]) == pytest.approx((0.5, 3.0), abs=0.001)
    assert not window.cut


def test_a_window_names_the_sentence_that_it_cuts_off_and_keeps_its_whole_words() -> None:
    placed = place([(_spoken("one. two three"), 0, 1, 1)], lead=0)

    window = cut(placed, 0, 1.2)

    assert [[word.text for word in sentence] for sentence in window.sentences] == [["one."], ["two"]]
    assert window.cut
    assert window.cut_start == pytest.approx(0.5)
    assert window.duration == pytest.approx(1.2)


def test_a_window_before_all_speech_is_silent() -> None:
    window = cut(place([(_spoken("one"), 0, 1, 1)], lead=5.0), 0, 3.0)

    assert window.sentences == ()
    assert not window.samples.any()
