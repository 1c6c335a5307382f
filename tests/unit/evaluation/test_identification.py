"""Every label is counted as what became of it."""

from evaluation.identification import NameCounts, count_names
from libs.common.speech import Turn

REFERENCE = [
    Turn(start=0, end=10, label="Ana"),
    Turn(start=10, end=20, label="Ben"),
    Turn(start=20, end=30, label="Zoe"),
]
FOUND = [
    Turn(start=0, end=9, label="S0"),
    Turn(start=9, end=20, label="S1"),
    Turn(start=20, end=30, label="S2"),
]
ENROLLED = frozenset({"Ana", "Ben"})


def test_right_names_and_an_unnamed_stranger() -> None:
    counts = count_names(REFERENCE, FOUND, names={"S0": "Ana", "S1": "Ben"}, enrolled=ENROLLED)
    assert counts == NameCounts(correct=2, strangers_unnamed=1)
    assert (counts.enrolled, counts.labels, counts.wrong_names) == (2, 3, 0)


def test_the_name_of_somebody_else_is_wrong() -> None:
    counts = count_names(REFERENCE, FOUND, names={"S0": "Ben", "S1": "Ben"}, enrolled=ENROLLED)
    assert counts == NameCounts(correct=1, wrong=1, strangers_unnamed=1)


def test_an_enrolled_person_without_a_name_was_refused() -> None:
    counts = count_names(REFERENCE, FOUND, names={}, enrolled=ENROLLED)
    assert counts == NameCounts(refused=2, strangers_unnamed=1)


def test_a_stranger_under_a_name_is_a_wrong_name() -> None:
    counts = count_names(REFERENCE, FOUND, names={"S0": "Ana", "S1": "Ben", "S2": "Ana"}, enrolled=ENROLLED)
    assert counts == NameCounts(correct=2, strangers_named=1)
    assert counts.wrong_names == 1


def test_somebody_merged_into_another_label_is_lost() -> None:
    merged = [Turn(start=0, end=20, label="S0"), Turn(start=20, end=30, label="S2")]
    reference = [Turn(start=0, end=12, label="Ana"), *REFERENCE[2:], Turn(start=12, end=20, label="Ben")]
    counts = count_names(reference, merged, names={"S0": "Ana"}, enrolled=ENROLLED)
    assert counts == NameCounts(correct=1, lost=1, strangers_unnamed=1)
    assert counts.enrolled == 2


def test_enrolled_people_who_are_not_there_count_nowhere() -> None:
    counts = count_names(REFERENCE, FOUND, names={"S0": "Ana"}, enrolled=frozenset({"Ana", "Kim"}))
    assert counts == NameCounts(correct=1, strangers_unnamed=2)
