"""Synthetic conversations: on the timeline as a sample meeting is mixed, and labelled as they sound."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from libs.common.speech import Segment
from scripts.fixture_models.pyannote_pipeline.batches import random_windows
from scripts.fixture_models.pyannote_pipeline.conversations import NUM_VOICES, Contribution, Stage, choose_cast
from scripts.fixture_models.pyannote_pipeline.speech import Utterance, other_sentences
from scripts.fixture_models.pyannote_pipeline.windows import MAX_SPEAKERS, Window, lay_down

SECOND = 16_000


def utterance(seconds: float = 1.0) -> Utterance:
    """Speech with a tenth of a second of silence on either side."""
    samples = np.zeros(round((seconds + 0.2) * SECOND), dtype=np.float32)
    samples[SECOND // 10 : -SECOND // 10] = 0.5
    return Utterance(samples, (Segment(start=0.1, end=0.1 + seconds),))


def talk(*contributions: tuple[int, float, float]) -> list[Contribution]:
    return [Contribution(speaker, pause, utterance(seconds)) for speaker, pause, seconds in contributions]


def talking_times(window: Window, speaker: int) -> tuple[float, float]:
    talks = np.flatnonzero(window.activity[window.speakers.index(speaker)])
    return float(talks[0] / SECOND), float((talks[-1] + 1) / SECOND)


def test_pauses_count_from_the_end_of_speech_to_the_beginning_of_speech() -> None:
    window = lay_down(talk((7, 0.5, 1.0), (3, 0.25, 2.0)), seconds=5.0, start=0.0)
    assert talking_times(window, 7) == pytest.approx((0.5, 1.5))
    assert talking_times(window, 3) == pytest.approx((1.75, 3.75))


def test_an_interruption_is_heard_and_labelled_together_with_what_it_interrupts() -> None:
    window = lay_down(talk((7, 0.5, 2.0), (3, -0.5, 1.0)), seconds=5.0, start=0.0)
    overlap = window.activity.all(axis=0)
    assert overlap.sum() == pytest.approx(0.5 * SECOND)
    assert window.samples[overlap].min() == 1.0


def test_a_window_may_begin_in_the_middle_of_speech() -> None:
    window = lay_down(talk((7, 0.0, 2.0), (3, 0.5, 1.0)), seconds=3.0, start=1.5)
    assert talking_times(window, 7) == pytest.approx((0.0, 0.5))
    assert window.samples[0] == 0.5
    assert talking_times(window, 3) == pytest.approx((1.0, 2.0))


def test_who_talks_least_of_four_has_no_place() -> None:
    window = lay_down(talk((1, 0.1, 1.0), (2, 0.1, 0.5), (3, 0.1, 2.0), (4, 0.1, 1.5)), seconds=10.0, start=0.0)
    assert window.speakers == (3, 4, 1)
    assert window.activity.shape == (MAX_SPEAKERS, 10 * SECOND)


def test_who_is_not_heard_in_the_window_is_not_in_it() -> None:
    window = lay_down(talk((1, 0.0, 1.0), (2, 0.5, 3.0)), seconds=2.0, start=1.2)
    assert window.speakers == (2,)
    assert lay_down([], seconds=2.0, start=0.0).activity.shape == (0, 2 * SECOND)


def test_a_faster_voice_is_shorter_in_sound_and_in_speech() -> None:
    fast = utterance(2.2).at_speed(1.2)
    assert len(fast.samples) == pytest.approx(2.0 * SECOND)
    assert fast.speech[0].start == pytest.approx(0.1 / 1.2)
    assert fast.speech[0].duration == pytest.approx(2.2 / 1.2)


@pytest.mark.parametrize("size", [1, 4])
def test_a_cast_has_as_many_different_voices_as_asked_for(size: int) -> None:
    for seed in range(20):
        numbers = [one.number for one in choose_cast(np.random.default_rng(seed), size=size)]
        assert len(set(numbers)) == len(numbers) == size
        assert set(numbers) <= set(range(NUM_VOICES))


def windows(*, seed: int) -> Iterator[Window]:
    return random_windows(Stage(_say, ("Good morning.",), other_sentences()), sizes=(1, 2, 4), seconds=10.0, seed=seed)


def _say(voice: str, text: str) -> Utterance:
    return utterance(len(text) / 20)


def test_the_same_seed_gives_the_same_windows() -> None:
    again = zip(islice(windows(seed=1), 5), islice(windows(seed=1), 5), strict=True)
    assert all(np.array_equal(one.samples, other.samples) for one, other in again)
    assert not np.array_equal(next(windows(seed=1)).samples, next(windows(seed=2)).samples)


def test_there_are_windows_with_overlap_with_one_voice_and_without_any() -> None:
    some = list(islice(windows(seed=0), 60))
    assert {len(one.speakers) for one in some} == set(range(MAX_SPEAKERS + 1))
    assert any((one.activity.sum(axis=0) > 1).any() for one in some)
