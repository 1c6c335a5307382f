import datetime

import pytest

from libs.common.minutes import ActionItem
from tests.unit.services.summarizer.meetings import Lines, minutes_of


def items_of(lines: Lines, *, is_bare: bool = False, day: datetime.date | None = None) -> tuple[ActionItem, ...]:
    return minutes_of(lines, is_bare=is_bare, day=day).action_items


def one_item(lines: Lines, *, is_bare: bool = False) -> ActionItem:
    (item,) = minutes_of(lines, is_bare=is_bare).action_items
    return item


@pytest.mark.parametrize("is_bare", [False, True])
def test_who_says_i_will_has_to_do_it(is_bare: bool) -> None:
    item = one_item([("Ben", "That is clear. | I will send the report to the team by Friday.")], is_bare=is_bare)

    assert (item.assignee, item.task) == ("Ben", "Send the report to the team")
    assert (item.due, item.due_text) == (datetime.date(2026, 3, 6), "by Friday")
    assert item.evidence == ("u1",)


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_speaker_who_is_named_has_to_do_it(is_bare: bool) -> None:
    lines = [("Ben", "Anna will prepare the slides before the end of the month."), ("Anna", "The room is booked.")]

    item = one_item(lines, is_bare=is_bare)

    assert (item.assignee, item.task, item.due) == ("Anna", "Prepare the slides", datetime.date(2026, 3, 31))


@pytest.mark.parametrize("is_bare", [False, True])
@pytest.mark.parametrize("asked", ["Can you, Ben, update the handbook?", "Ben, could you please update the handbook?"])
def test_whoever_is_asked_by_name_and_consents_has_to_do_it(asked: str, is_bare: bool) -> None:
    item = one_item([("Anna", asked), ("Ben", "Yes, sure.")], is_bare=is_bare)

    assert (item.assignee, item.task, item.evidence) == ("Ben", "Update the handbook", ("u1", "u2"))


def test_whoever_consents_to_a_request_without_a_name_has_to_do_it() -> None:
    item = one_item([("Anna", "Can you update the handbook?"), ("Ben", "Okay, I can do that tomorrow.")])

    assert (item.assignee, item.task, item.due_text) == ("Ben", "Update the handbook", "tomorrow")


def test_somebody_who_is_not_in_the_meeting_can_have_to_do_it() -> None:
    item = one_item([("Anna", "I spoke to Carla yesterday. Carla will order the new laptops by Monday.")])

    assert (item.assignee, item.task) == ("Carla", "Order the new laptops")


def test_please_with_a_name_is_an_action_item() -> None:
    item = one_item([("Anna", "Ben, please book a room for the workshop."), ("Ben", "No problem.")], is_bare=True)

    assert (item.assignee, item.task) == ("Ben", "Book a room for the workshop")


def test_an_unnamed_speaker_is_called_by_the_label() -> None:
    assert one_item([("SPEAKER_02", "I will call the customer tomorrow.")]).assignee == "SPEAKER_02"


def test_what_nobody_took_has_no_assignee() -> None:
    assert one_item([("Ben", "Somebody has to update the firewall rules.")]).assignee is None


def test_two_promises_in_one_sentence_are_two_action_items() -> None:
    items = items_of([("Ben", "I will write the tests and Anna will review them by Monday."), ("Anna", "Good idea.")])

    assert [(one.assignee, one.task, one.due_text) for one in items] == [
        ("Ben", "Write the tests", None),
        ("Anna", "Review them", "by Monday"),
    ]


def test_a_promise_that_is_repeated_is_one_action_item_with_all_its_evidence() -> None:
    lines = [
        ("Ben", "I will send the budget to the bank."),
        ("Anna", "Great."),
        ("Anna", "To sum up, Ben will send the budget to the bank by Friday."),
    ]

    item = one_item(lines)

    assert (item.assignee, item.due_text, item.evidence) == ("Ben", "by Friday", ("u1", "u3"))


@pytest.mark.parametrize("is_bare", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        "I will not send the report by Friday.",
        "I won't be able to do that.",
        "Ben will not prepare the slides.",
        "Will you be at the office tomorrow?",
        "Will Ben send the report?",
        "Do you think Ben will prepare the slides?",
        "If we had more people, I would rewrite the importer.",
        "Maybe I will look at it next week.",
        "We might send it on Friday.",
        "I will be honest with you.",
        "The payment page will take two more weeks.",
        "Can you hear me?",
        "I think that will happen tomorrow.",
        "Today we have to plan the release.",
    ],
)
def test_refusals_questions_hypotheses_and_forecasts_are_no_action_items(said: str, is_bare: bool) -> None:
    lines = [("Anna", said), ("Ben", "Thank you for that.")]

    assert items_of(lines, is_bare=is_bare) == ()


def test_a_request_that_is_declined_is_no_action_item() -> None:
    assert items_of([("Anna", "Ben, can you fix the printer?"), ("Ben", "No, I am on holiday.")]) == ()


def test_whoever_consents_may_say_until_when() -> None:
    item = one_item([("Anna", "Ben, can you put the numbers in a table?"), ("Ben", "Sure, you'll have it by Monday.")])

    assert (item.task, item.due_text, item.due) == (
        "Put the numbers in a table",
        "by Monday",
        datetime.date(2026, 3, 9),
    )


def test_a_promise_that_leans_on_what_was_said_before_quotes_it() -> None:
    item = one_item([("Anna", "The invitations must go out before the end of next week. I'll write them.")])

    assert item.task == "Write them (The invitations must go out before the end of next week)"
    assert item.due == datetime.date(2026, 3, 13)


def test_a_promise_to_do_that_takes_up_what_somebody_asked_for() -> None:
    lines = [("Anna", "Somebody has to check the cables."), ("Ben", "I can do that next week.")]

    item = one_item(lines)

    assert (item.assignee, item.task, item.evidence) == ("Ben", "Check the cables", ("u1", "u2"))


def test_without_punctuation_a_task_ends_with_its_due_date() -> None:
    item = one_item([("Anna", "Fine then Ben will update the handbook by Monday was there more today"), ("Ben", "no")])

    assert (item.task, item.due_text) == ("Update the handbook", "by Monday")


def test_a_name_that_nobody_has_gives_way_to_the_speaker_who_consents() -> None:
    item = one_item([("Anna", "Bend, can you call the bank?"), ("Ben", "Sure.")])

    assert item.assignee == "Ben"


def test_an_unnamed_speaker_who_is_asked_by_name_and_consents_goes_by_that_name() -> None:
    item = one_item([("Anna", "Victor, can you call the bank?"), ("SPEAKER_03", "Sure.")])

    assert item.assignee == "Victor"


def test_a_name_at_the_end_of_a_request_is_no_part_of_the_task() -> None:
    item = one_item([("Anna", "Please call the bank tomorrow, Ben."), ("Ben", "Okay.")])

    assert (item.assignee, item.task, item.due_text) == ("Ben", "Call the bank", "tomorrow")
