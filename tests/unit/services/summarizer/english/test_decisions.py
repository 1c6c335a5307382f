import pytest

from tests.unit.services.summarizer.meetings import Lines, minutes_of


def decisions_of(lines: Lines, *, is_bare: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.text, one.evidence) for one in minutes_of(lines, is_bare=is_bare).decisions]


def test_what_is_said_to_be_decided_is_a_decision() -> None:
    lines = [("Anna", "The numbers are in. We have decided to release in March."), ("Ben", "Good.")]

    assert decisions_of(lines) == [("We have decided to release in March", ("u1",))]


def test_a_decision_is_found_and_written_properly_without_punctuation() -> None:
    lines = [("Anna", "The numbers are here | we also agreed to meet every Tuesday"), ("Ben", "good")]

    assert decisions_of(lines, is_bare=True) == [("We also agreed to meet every Tuesday", ("u1",))]


def test_a_proposal_is_a_decision_once_somebody_else_agrees() -> None:
    lines = [("Anna", "Let's use the smaller hall for the party."), ("Ben", "Agreed.")]

    assert decisions_of(lines) == [("Let's use the smaller hall for the party", ("u1", "u2"))]


def test_a_proposal_that_meets_doubt_is_none() -> None:
    assert decisions_of([("Anna", "Let's use the smaller hall."), ("Ben", "I am not so sure about it.")]) == []


def test_it_is_decided_points_to_what_was_said_before() -> None:
    lines = [("Anna", "The workshop moves to Berlin."), ("Ben", "Okay, that is decided then.")]

    assert decisions_of(lines) == [("The workshop moves to Berlin", ("u1", "u2"))]


def test_a_decision_not_to_do_something_is_one() -> None:
    (found,) = decisions_of([("Anna", "We decided not to buy the new printer.")])

    assert found[0] == "We decided not to buy the new printer"


@pytest.mark.parametrize(
    "said",
    [
        "We have not decided where to meet.",
        "Have we decided on the venue yet?",
        "Once we have decided on the venue, we can print the flyers.",
        "We still have to decide which venue we take.",
        "Maybe we should have agreed to the first offer.",
    ],
)
@pytest.mark.parametrize("is_bare", [False, True])
def test_what_is_not_decided_is_no_decision(said: str, is_bare: bool) -> None:
    assert decisions_of([("Anna", said), ("Ben", "The weather was bad last year.")], is_bare=is_bare) == []


def test_a_decision_that_is_repeated_is_listed_once_with_all_its_evidence() -> None:
    lines = [
        ("Anna", "I propose that we release in March without the payment page."),
        ("Ben", "I agree."),
        ("Anna", "Me too. Good, so that is settled."),
        ("Ben", "So we agreed to release in March without the payment page."),
    ]

    (found,) = decisions_of(lines)

    assert found[1] == ("u1", "u2", "u3", "u4")
