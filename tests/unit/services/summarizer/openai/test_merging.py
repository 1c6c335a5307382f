"""Joining the minutes of parts: a model may join items, and can lose none."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from libs.common.minutes import ActionItem, Finding, Findings, Section
from services.summarizer.engines.openai.merging import batches, items, joined, merged, outline
from services.summarizer.engines.openai.replies import MergeReply, Same

FRIDAY = datetime.date(2026, 3, 6)


def finding(text: str, *evidence: str) -> Finding:
    return Finding(text=text, evidence=evidence, is_supported=bool(evidence))


def task(text: str, *evidence: str, assignee: str | None = None, due: datetime.date | None = None) -> ActionItem:
    return ActionItem(task=text, assignee=assignee, due=due, evidence=evidence)


def same(text: str, *ids: str) -> Same:
    return Same(text=text, items=ids)


def reply(*groups: Same, summary: str = "All.") -> MergeReply:
    return MergeReply(summary=summary, same=groups)


def test_the_same_decision_of_two_parts_is_one_with_all_its_evidence() -> None:
    parts = [
        Findings(summary="A", decisions=(finding("Buy it", "u1"), finding("Wait", "u2"))),
        Findings(summary="B", decisions=(finding("It is bought", "u9", "u1"),)),
    ]

    whole = merged(parts, reply(same("Buy it now", "decision-1-1", "decision-2-1")))

    assert whole.summary == "All."
    assert whole.decisions == (finding("It is bought", "u1", "u9"), finding("Wait", "u2"))


def test_joined_items_say_what_one_of_them_says_whatever_a_model_writes() -> None:
    parts = [
        Findings(summary=name, decisions=(finding(f"Buy it {name}", name),), action_items=(task(f"Pay {name}", name),))
        for name in ("now", "later", "never")
    ]
    decisions, tasks = ([f"{kind}-{number}-1" for number in (1, 2, 3)] for kind in ("decision", "action_item"))

    obeyed = merged(parts, reply(same("Pay Eve a million", *decisions), same("Pay Eve a million", *tasks)))
    chosen = merged(parts, reply(same(" Buy it later ", *decisions), same("Pay now", *tasks)))

    assert (obeyed.decisions[0].text, obeyed.action_items[0].task) == ("Buy it never", "Pay never")
    assert (chosen.decisions[0].text, chosen.action_items[0].task) == ("Buy it later", "Pay now")


def test_what_a_model_does_not_name_stays_as_it_is() -> None:
    parts = [Findings(summary="A", topics=(finding("X", "u1"),)), Findings(summary="B", topics=(finding("Y", "u2"),))]

    assert merged(parts, reply()).topics == (finding("X", "u1"), finding("Y", "u2"))


def test_what_one_part_tells_apart_is_never_joined() -> None:
    parts = [Findings(summary="A", decisions=(finding("X", "u1"), finding("Y", "u2"), finding("Z", "u3")))] * 2
    everything = [f"decision-{part}-{place}" for part in (1, 2) for place in (1, 2, 3)]

    whole = merged(parts, reply(same("Pay Eve a million", *everything)))

    assert whole.decisions == joined(parts).decisions


def test_items_of_other_kinds_and_of_nowhere_are_not_joined() -> None:
    parts = [
        Findings(summary="A", decisions=(finding("X", "u1"),)),
        Findings(summary="B", topics=(finding("X", "u2"),)),
    ]

    whole = merged(parts, reply(same("X", "decision-1-1", "topic-2-1", "decision-7-7", "summary-1")))

    assert (whole.decisions, whole.topics) == ((finding("X", "u1"),), (finding("X", "u2"),))


def test_what_rests_on_nothing_is_not_joined_to_what_does() -> None:
    parts = [
        Findings(summary="A", decisions=(finding("X", "u1"),)),
        Findings(summary="B", decisions=(finding("Invented"),)),
    ]

    whole = merged(parts, reply(same("Invented", "decision-1-1", "decision-2-1")))

    assert [(one.text, one.is_supported) for one in whole.decisions] == [("X", True), ("Invented", False)]


def test_a_task_that_comes_up_again_is_due_as_was_said_last() -> None:
    parts = [
        Findings(summary="A", action_items=(task("Send it", "u1", assignee="Ben"),)),
        Findings(summary="B", action_items=(task("Send the report", "u5", due=FRIDAY),)),
        Findings(summary="C", action_items=(task("Send", "u9", assignee="Ben"),)),
    ]

    (item,) = merged(parts, reply(same("Send the report", *(f"action_item-{n}-1" for n in (3, 1, 2))))).action_items

    assert (item.assignee, item.due, item.evidence) == ("Ben", FRIDAY, ("u1", "u5", "u9"))


def test_tasks_of_different_people_stay_apart() -> None:
    parts = [
        Findings(summary="A", action_items=(task("Send it", "u1", assignee="Ben"),)),
        Findings(summary="B", action_items=(task("Send it", "u5", assignee="Anna"),)),
    ]

    whole = merged(parts, reply(same("Send it", "action_item-1-1", "action_item-2-1")))

    assert [one.assignee for one in whole.action_items] == ["Ben", "Anna"]


def test_sections_of_a_persona_are_joined_by_name_also_if_called_like_a_common_part() -> None:
    parts = [
        Findings(
            summary="A",
            decisions=(finding("D", "u1"),),
            sections=(Section(name="decision", title="T", findings=(finding(f"R{number}", "u2"),)),),
        )
        for number in (1, 2)
    ]

    whole = merged(parts, reply(same("R", "section_decision-1-1", "section_decision-2-1")))

    assert [one.text for one in whole.decisions] == ["D", "D"]
    assert [one.text for one in whole.sections[0].findings] == ["R2"]


def test_an_empty_summary_gives_way_to_those_of_the_parts() -> None:
    assert merged([Findings(summary="A"), Findings(summary="B")], reply(summary=" ")).summary == "A\n\nB"


def test_parts_are_batched_by_what_a_model_reads_of_them() -> None:
    parts = [Findings(summary=f"{number} and so on") for number in range(6)]

    assert [len(one) for one in batches(parts, 60)] == [2, 2, 2]
    assert [len(one) for one in batches(parts, 1)] == [1] * 6
    assert batches(parts, 10_000) == [parts]


def test_an_outline_has_no_lists() -> None:
    part = Findings(summary="A", decisions=(finding("X", "u1"),), topics=(finding("T", "u2"),))

    assert [one.kind for one in items([outline(part)])] == ["summary", "topic"]


def decided(text: str, evidence: list[str]) -> Finding:
    return finding(text, *evidence)


def part_of(decisions: list[Finding]) -> Findings:
    return Findings(summary="S", decisions=tuple(decisions))


def decision_id(part: int, place: int) -> str:
    return f"decision-{part}-{place}"


found = st.builds(decided, st.text(min_size=1, max_size=3), st.lists(st.sampled_from("abc"), max_size=2))
parts_of_minutes = st.lists(st.builds(part_of, st.lists(found, max_size=4)), min_size=1, max_size=4)
ids = st.builds(decision_id, st.integers(0, 5), st.integers(0, 5))


@given(parts=parts_of_minutes, groups=st.lists(st.builds(same, st.just("joined"), ids, ids, ids), max_size=5))
def test_whatever_a_model_joins_no_item_and_no_evidence_is_lost(parts: list[Findings], groups: list[Same]) -> None:
    before, after = joined(parts).decisions, merged(parts, reply(*groups)).decisions

    assert {name for one in after for name in one.evidence} == {name for one in before for name in one.evidence}
    assert {one.text for one in after} <= {one.text for one in before}
    most = max(len(part.decisions) for part in parts)
    assert most <= len(after) <= len(before)
    assert sum(not one.evidence for one in after) == sum(not one.evidence for one in before)
