"""Batches for the small Whisper, made of invented speech."""

import numpy as np
import pytest

from scripts.fixture_models.whisper.batches import Kitchen
from scripts.fixture_models.whisper.examples import NO_LABEL
from scripts.fixture_models.whisper.recipes import Library, Mixture, Said
from scripts.fixture_models.whisper.speech import Order, Spoken, Timed
from scripts.fixture_models.whisper.vocabulary import Vocabulary

MIXTURE = Mixture(passages=0.5, faster=0.5, most_noise_dbfs=-45)


def _spoken(text: str) -> Spoken:
    words = tuple(Timed(word, 0.2 + 0.4 * index, 0.6 + 0.4 * index) for index, word in enumerate(text.split()))
    phones = (Timed("pau", 0, 0.2), *(Timed("ah", word.start, word.end) for word in words))
    samples = np.random.default_rng(len(text)).standard_normal(6400 * len(words) + 6400).astype(np.float32)
    return Spoken(Order(text, "slt"), samples, words, phones)


@pytest.fixture(scope="module")
def kitchen() -> Kitchen:
    spoken = tuple(_spoken(text) for text in ("Julia waits for us.", "Good.", "We talk. We wait."))
    meeting = tuple(Said(one, pause=0.5, level_dbfs=-20) for one in spoken)
    return Kitchen(Library((meeting,), spoken), Vocabulary.of([one.order.text for one in spoken]))


def test_the_same_step_gives_the_same_batch(kitchen: Kitchen) -> None:
    once, again, other = (kitchen.batch(step, size=3, seconds=5.0, mixture=MIXTURE) for step in (7, 7, 8))

    assert np.array_equal(once.features, again.features)
    assert np.array_equal(once.read, again.read)
    assert not np.array_equal(once.features, other.features)


def test_each_token_is_read_right_after_it_was_to_be_written(kitchen: Kitchen) -> None:
    batch = kitchen.batch(1, size=24, seconds=5.0, mixture=MIXTURE)

    for read, written in zip(batch.read, batch.written, strict=True):
        known = np.flatnonzero(written != NO_LABEL)
        assert read[known[0]] == kitchen.vocabulary.start
        assert written[known[0]] in {read[known[1]], kitchen.vocabulary.no_speech}
        assert np.array_equal(read[known[2:]], written[known[1:-1]])
        assert written[known[-1]] == kitchen.vocabulary.end


def test_a_window_that_pretends_to_lie_later_has_later_times(kitchen: Kitchen) -> None:
    batch = kitchen.batch(2, size=24, seconds=5.0, mixture=MIXTURE)

    assert (batch.offsets > 0).any()
    for offset, written in zip(batch.offsets, batch.written, strict=True):
        times = written[written >= kitchen.vocabulary.first_time] - kitchen.vocabulary.first_time
        assert ((times >= offset) & (times <= offset + 250)).all()


def test_where_a_token_is_heard_a_phone_is_heard_too(kitchen: Kitchen) -> None:
    batch = kitchen.batch(3, size=24, seconds=5.0, mixture=MIXTURE)

    is_text = (batch.written >= 0) & (batch.written < kitchen.vocabulary.end)
    assert is_text.any()
    for row, column in zip(*np.nonzero(is_text), strict=True):
        assert (batch.phones[row, batch.heard[row, column]] > 0).any()


def test_silent_windows_are_labelled_as_such(kitchen: Kitchen) -> None:
    batch = kitchen.batch(4, size=60, seconds=5.0, mixture=MIXTURE)

    silent = (batch.written == kitchen.vocabulary.no_speech).any(axis=1)
    assert 0 < silent.sum() < 20
    assert not (batch.phones[silent] > 0).any()
