"""What the segmentation model is to answer: classes of who talks, in any order of the speakers."""

import numpy as np

from scripts.fixture_models.pyannote_pipeline.targets import POWERSET, powerset_targets


def activity(*speakers: list[int]) -> np.ndarray:
    return np.asarray(speakers, dtype=np.bool_).reshape(len(speakers), -1)


def talking(classes: np.ndarray) -> list[set[int]]:
    return [set(POWERSET[one]) for one in classes]


def test_the_classes_are_in_the_order_of_pyannote() -> None:
    assert [set(one) for one in POWERSET] == [set(), {0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}]


def test_the_first_order_is_the_given_one() -> None:
    targets = powerset_targets(activity([0, 1, 1, 0], [0, 0, 1, 1]))
    assert talking(targets[0]) == [set(), {0}, {0, 1}, {1}]


def test_every_order_of_the_speakers_is_an_answer() -> None:
    targets = powerset_targets(activity([1, 0, 0], [0, 1, 0], [0, 0, 1]))
    assert {tuple(one) for one in targets.tolist()} == {
        (1, 2, 3),
        (1, 3, 2),
        (2, 1, 3),
        (2, 3, 1),
        (3, 1, 2),
        (3, 2, 1),
    }


def test_of_three_at_once_the_first_two_count_in_every_order() -> None:
    targets = powerset_targets(activity([1], [1], [1]))
    assert {len(POWERSET[one]) for one in targets[:, 0]} == {2}
    assert talking(targets[0]) == [{0, 1}]


def test_nobody_is_the_same_in_every_order() -> None:
    assert not powerset_targets(np.zeros((0, 4), dtype=np.bool_)).any()
