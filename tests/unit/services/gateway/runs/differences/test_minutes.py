"""What the minutes say."""

import datetime

from libs.common.minutes import ActionItem, Finding, Minutes, Section
from services.gateway.runs.differences.minutes import compare_minutes
from services.gateway.schemas.comparison import MinutesComparison
from tests.unit.services.gateway.runs.differences.contents import minutes, transcript

SAID = transcript((12.0, "We ship on Friday."))


def compare(before: Minutes, after: Minutes) -> MinutesComparison:
    return compare_minutes(before, after, transcript_before=SAID, transcript_after=SAID)


def action(task: str, assignee: str | None = None, due: datetime.date | None = None) -> ActionItem:
    return ActionItem(task=task, assignee=assignee, due=due, evidence=("u0001",))


def test_items_are_added_gone_and_changed() -> None:
    before = minutes(decisions=("The release ships on Friday.", "Nobody travels in May."))
    after = minutes(decisions=("We meet in Rome.", "The release ships on Monday."))
    decisions = compare(before, after).parts["decisions"]
    assert [(one.before.text, one.after.text) for one in decisions.changed] == [
        ("The release ships on Friday.", "The release ships on Monday.")
    ]
    assert [one.text for one in decisions.gone] == ["Nobody travels in May."]
    assert [one.text for one in decisions.added] == ["We meet in Rome."]
    assert decisions.unchanged == 0


def test_the_same_items_in_another_order_are_unchanged() -> None:
    before, after = minutes(decisions=("a b c", "a b d", "a b d")), minutes(decisions=("a b d", "a b c", "a b d"))
    decisions = compare(before, after).parts["decisions"]
    assert (decisions.unchanged, decisions.changed, decisions.gone, decisions.added) == (3, (), (), ())


def test_a_task_for_somebody_else_or_for_another_day_is_changed() -> None:
    friday = datetime.date(2026, 1, 9)
    before = minutes(actions=(action("Tell the press", "Ana"), action("Book a room"), action("Buy tea", "Ben")))
    after = minutes(
        actions=(action("Tell the press", "Ben"), action("Book a room", due=friday), action("Buy tea", "Ben"))
    )
    items = compare(before, after).parts["action_items"]
    assert [(one.before.assignee, one.after.assignee) for one in items.changed] == [("Ana", "Ben"), (None, None)]
    assert items.changed[1].after.due == friday
    assert items.unchanged == 1


def test_an_item_says_when_it_was_talked_about() -> None:
    assert compare(minutes(), minutes(decisions=("Ship it.",))).parts["decisions"].added[0].start == 12.0


def test_sections_of_a_persona_are_parts_too() -> None:
    risk = Section(name="risks", title="Risks", findings=(Finding(text="It rains.", evidence=()),))
    after = minutes().model_copy(update={"sections": (risk,), "summary": "Else."})
    compared = compare(minutes(), after)
    assert [one.text for one in compared.parts["risks"].added] == ["It rains."]
    assert compared.is_summary_changed
