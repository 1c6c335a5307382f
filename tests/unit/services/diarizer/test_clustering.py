import numpy as np
import pytest

from libs.common.speech import SpeakerBounds
from services.diarizer.clustering import cluster_embeddings, number_by_appearance
from tests.unit.services.diarizer.voices import Array, make_voices, speak

FREE = SpeakerBounds()


def cluster(embeddings: Array, bounds: SpeakerBounds = FREE, *, seconds: float = 0.4) -> list[int]:
    labels = cluster_embeddings(embeddings, np.full(len(embeddings), seconds), bounds)
    return [int(label) for label in labels]


def turns_of(*lengths: int) -> list[int]:
    return [voice for voice, length in enumerate(lengths) for _ in range(length)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_finds_as_many_voices_as_there_are(count: int) -> None:
    order = turns_of(*[20] * count) * 2

    assert cluster(speak(make_voices(count), order)) == order


def test_numbers_voices_by_first_appearance() -> None:
    order = [*[2] * 10, *[0] * 10, *[1] * 10]

    assert cluster(speak(make_voices(3), order)) == turns_of(10, 10, 10)


def test_a_short_turn_of_a_voice_heard_once_is_kept_apart_from_a_dominant_one() -> None:
    order = turns_of(150, 6)

    assert cluster(speak(make_voices(2), order)) == order


def test_a_sound_too_short_for_a_voice_goes_to_the_nearest_one() -> None:
    embeddings = speak(make_voices(3), turns_of(30, 30, 3))

    assert max(cluster(embeddings)) == 1


def test_a_sound_that_recurs_through_a_long_recording_is_no_voice() -> None:
    first, second, other = make_voices(3)
    odd = first + 2.5 * other
    voices = np.stack([first, second, odd / np.linalg.norm(odd)])
    order = (turns_of(200, 200) + [2] * 4) * 12

    labels = cluster(speak(voices, order))

    assert labels == [0 if voice == 2 else voice for voice in order]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (SpeakerBounds(num_speakers=1), 1),
        (SpeakerBounds(num_speakers=2), 2),
        (SpeakerBounds(num_speakers=3), 3),
        (SpeakerBounds(num_speakers=7), 7),
        (SpeakerBounds(min_speakers=5), 5),
        (SpeakerBounds(max_speakers=2), 2),
        (SpeakerBounds(min_speakers=2, max_speakers=6), 3),
    ],
)
def test_respects_the_bounds(bounds: SpeakerBounds, expected: int) -> None:
    embeddings = speak(make_voices(3), turns_of(30, 20, 10))

    assert len(set(cluster(embeddings, bounds))) == expected


def test_bounds_that_ask_for_fewer_voices_join_whole_voices() -> None:
    order = turns_of(30, 20, 10)

    labels = cluster(speak(make_voices(3), order), SpeakerBounds(num_speakers=2))

    assert all(len({label for label, voice in zip(labels, order, strict=True) if voice == one}) == 1 for one in order)


def test_more_voices_than_windows_cannot_be_found() -> None:
    assert cluster(speak(make_voices(1), [0, 0, 0]), SpeakerBounds(num_speakers=9)) == [0, 1, 2]


def test_equal_windows_can_still_be_divided() -> None:
    equal = make_voices(1).repeat(6, axis=0)

    assert len(set(cluster(equal, SpeakerBounds(num_speakers=3)))) == 3


def test_nothing_and_one_window_need_no_grouping() -> None:
    assert cluster(make_voices(1)[:0]) == []
    assert cluster(make_voices(1)) == [0]


def test_voices_are_the_same_across_blocks() -> None:
    order = turns_of(900, 900, 900, 900)
    order = order + order

    assert cluster(speak(make_voices(4), order)) == order


def test_numbering_leaves_no_gaps() -> None:
    assert number_by_appearance(np.array([7, 7, 2, 9, 2])).tolist() == [0, 0, 1, 2, 1]


def test_silent_embeddings_do_not_break_the_arithmetic() -> None:
    assert len(cluster(np.zeros((5, 256), np.float32))) == 5
