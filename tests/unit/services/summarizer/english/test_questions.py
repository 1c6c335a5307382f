import pytest

from tests.unit.services.summarizer.meetings import Lines, minutes_of


def questions_of(lines: Lines, *, is_bare: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.text, one.evidence) for one in minutes_of(lines, is_bare=is_bare).open_questions]


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_question_that_nobody_can_answer_is_open(is_bare: bool) -> None:
    lines = [("Anna", "One more question. | Who will pay for the server?"), ("Ben", "We do not know yet.")]

    assert questions_of(lines, is_bare=is_bare) == [("Who will pay for the server?", ("u1", "u2"))]


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_question_that_is_answered_is_not_open(is_bare: bool) -> None:
    lines = [("Anna", "Is the search page ready?"), ("Ben", "Yes, it passed all tests.")]

    assert questions_of(lines, is_bare=is_bare) == []


def test_a_question_that_is_said_to_be_open_is_open() -> None:
    lines = [("Anna", "It is still unclear who signs the contract."), ("Ben", "The weather is fine.")]

    assert questions_of(lines) == [("It is still unclear who signs the contract", ("u1",))]


def test_the_last_word_of_a_meeting_can_be_an_open_question() -> None:
    assert questions_of([("Ben", "Fine."), ("Anna", "But where do we store the backups?")]) != []


@pytest.mark.parametrize("is_bare", [False, True])
@pytest.mark.parametrize("said", ["Can you hear me?", "Any other questions?", "Shall we start?"])
def test_routine_questions_are_not_listed(said: str, is_bare: bool) -> None:
    assert questions_of([("Anna", said)], is_bare=is_bare) == []


def test_a_request_is_no_open_question() -> None:
    assert questions_of([("Anna", "Ben, could you update the handbook?")]) == []


@pytest.mark.parametrize(
    "said", ["what we need is a new server", "when the servers are ready we can start with it", "have a good week"]
)
def test_what_only_begins_like_a_question_is_none(said: str) -> None:
    assert questions_of([("Anna", said)], is_bare=True) == []
