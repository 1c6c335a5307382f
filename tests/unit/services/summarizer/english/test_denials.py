import pytest

from libs.common.minutes import Findings
from tests.unit.services.summarizer.meetings import Lines, minutes_of

BOTH = pytest.mark.parametrize("is_bare", [False, True])


def texts_of(findings: Findings) -> tuple[list[str], list[str]]:
    return [one.text for one in findings.decisions], [one.task for one in findings.action_items]


@BOTH
@pytest.mark.parametrize(
    "said",
    [
        "I never said that I will pay for the hotel.",
        "I did not say that I will pay for the hotel.",
        "I didn't promise that I will pay for the hotel.",
        "I don't think I will pay for the hotel.",
        "Nobody said that I will pay for the hotel.",
        "Who said I will pay for the hotel?",
        "He said I will pay for the hotel.",
        "He said he would pay for the hotel.",
        "Ben thinks that I will pay for the hotel.",
        "Did I ever promise that I will pay for the hotel?",
        "It is not true that I will pay for the hotel.",
        "I doubt that Ben will pay for the hotel.",
        "I never told anybody that we decided to pay for the hotel.",
        "Nobody said that we agreed to pay for the hotel.",
        "It was never agreed that I will pay for the hotel.",
        "I don't remember that we agreed to pay for the hotel.",
        "I can't promise that I will pay for the hotel.",
        "If anybody says that I will pay for the hotel, they are wrong.",
        "I'm not sure that Ben will pay for the hotel.",
    ],
)
@pytest.mark.parametrize("after", ["The weather in Berlin was bad last year.", "That was agreed."])
def test_what_hangs_on_a_denial_or_on_another_voice_is_nobody_s_word(said: str, after: str, is_bare: bool) -> None:
    lines = [("SPEAKER_02", said), ("Ben", after), ("Anna", "Lunch is at noon in the small kitchen.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare)) == ([], [])


@BOTH
@pytest.mark.parametrize(
    "said",
    [
        "I said I will pay for the hotel.",
        "As Anna said, I will pay for the hotel.",
        "I never said that, but I will pay for the hotel.",
        "Nobody knows the price, so I will pay for the hotel.",
        "I do not think so, and I will pay for the hotel.",
    ],
)
def test_one_s_own_word_counts_whatever_else_is_in_the_sentence(said: str, is_bare: bool) -> None:
    lines = [("Ben", said), ("Anna", "The weather in Berlin was bad last year.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[1] == ["Pay for the hotel"]


def test_a_comma_ends_what_a_denial_governs() -> None:
    lines = [("Ben", "Nobody told me that, I will pay for the hotel."), ("Anna", "The weather was bad last year.")]

    assert texts_of(minutes_of(lines))[1] == ["Pay for the hotel"]


@BOTH
@pytest.mark.parametrize(
    "denial",
    [
        "No, that is wrong. | We did not decide to close the office.",
        "No.",
        "That is not true.",
        "Sorry, that's wrong, it was only an idea.",
        "We never agreed to that.",
        "No, we only talked about it.",
        "We did not decide to close the office in August.",
        "Nobody decided that.",
        "I disagree.",
        "Well, it was not decided.",
    ],
)
def test_a_decision_that_the_next_speaker_denies_is_none(denial: str, is_bare: bool) -> None:
    lines = [("Anna", "We decided to close the office in August."), ("Ben", denial)]

    assert texts_of(minutes_of(lines, is_bare=is_bare)) == ([], [])


@BOTH
@pytest.mark.parametrize(
    "reply",
    [
        "No problem.",
        "No objections.",
        "No, that is fine.",
        "Good.",
        "We did not order the coffee.",
        "Not everybody likes it.",
    ],
)
def test_other_replies_leave_a_decision_standing(reply: str, is_bare: bool) -> None:
    lines = [("Anna", "We decided to close the office in August."), ("Ben", reply)]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[0] == ["We decided to close the office in August"]


@BOTH
def test_who_takes_a_decision_back_has_not_decided(is_bare: bool) -> None:
    lines = [("Anna", "We decided to close the office in August. | Sorry, that is wrong."), ("Ben", "Good.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[0] == []


@BOTH
def test_who_takes_a_promise_back_has_not_promised(is_bare: bool) -> None:
    lines = [("Anna", "I will send the report by Friday. | No, wait, I can't do that."), ("Ben", "Good.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[1] == []


@BOTH
def test_a_question_between_does_not_hide_a_denial(is_bare: bool) -> None:
    decided = ("Anna", "We decided to close the office in August.")

    denied = minutes_of([decided, ("Carla", "Are you sure?"), ("Ben", "No, that is wrong.")], is_bare=is_bare)
    standing = minutes_of([decided, ("Carla", "Is the door open?"), ("Ben", "No.")], is_bare=is_bare)

    assert denied.decisions == ()
    assert [one.text for one in standing.decisions] == ["We decided to close the office in August"]


@BOTH
def test_a_decision_may_correct_another(is_bare: bool) -> None:
    lines = [("Anna", "We decided to meet in August."), ("Ben", "No, we decided to meet in the autumn.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[0] == ["We decided to meet in the autumn"]


@BOTH
def test_a_question_that_is_only_confirmed_is_quoted_with_its_answer(is_bare: bool) -> None:
    lines = [("Anna", "Should we hire a second developer?"), ("Ben", "Yes.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[0] == ["Should we hire a second developer? Yes"]


@BOTH
def test_a_denial_reaches_what_was_said_of_the_decision_before(is_bare: bool) -> None:
    lines = [
        ("Anna", "We decided to close the office in August."),
        ("Carla", "The window is open."),
        ("Anna", "As I said, we decided to close the office in August."),
        ("Ben", "No, that is not true."),
    ]

    assert texts_of(minutes_of(lines, is_bare=is_bare))[0] == []


@BOTH
def test_a_task_that_is_denied_is_none(is_bare: bool) -> None:
    lines = [("Anna", "Ben will pay for the hotel."), ("Ben", "No, I never promised that.")]

    assert texts_of(minutes_of(lines, is_bare=is_bare)) == ([], [])


@BOTH
@pytest.mark.parametrize("answer", ["Yes, we have agreed to hire one.", "Yes. | We have agreed to hire one."])
def test_the_answer_states_the_decision_and_not_the_question(answer: str, is_bare: bool) -> None:
    lines = [("Anna", "Should we hire a second developer?"), ("Ben", answer)]

    (found,) = minutes_of(lines, is_bare=is_bare).decisions

    assert (found.text, found.evidence) == ("We have agreed to hire one", ("u1", "u2"))


WRONG_CLAIM: Lines = [
    ("Anna", "The office in Berlin closes in August because of the rent for the office."),
    ("Ben", "No, that is wrong."),
    ("Anna", "The rent for the office in Berlin is paid until the end of the year."),
    ("Carla", "The office needs a new printer, and the rent is high."),
    ("Ben", "Coffee is ready."),
]


@BOTH
@pytest.mark.parametrize("persona", ["executive", "project_manager", "engineer"])
def test_the_summary_has_no_claim_without_its_denial(persona: str, is_bare: bool) -> None:
    cited = minutes_of(WRONG_CLAIM, persona=persona, is_bare=is_bare).summary_evidence

    assert "u1" in cited
    assert "u2" in cited


@BOTH
def test_a_section_has_no_claim_that_was_denied(is_bare: bool) -> None:
    lines = [
        ("Anna", "The launch of the shop is at risk."),
        ("Ben", "That is not true."),
        ("Ben", "The coffee is ready."),
    ]

    (risks,) = minutes_of(lines, is_bare=is_bare).sections

    assert risks.findings == ()
