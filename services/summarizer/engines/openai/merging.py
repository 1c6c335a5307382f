"""The findings of several sections as one. A model says which items are the same; code sees to it that none is lost."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from libs.common.minutes import ActionItem, Finding, Findings
from libs.common.minutes import Section as PersonaSection
from libs.common.speech import Frozen
from services.summarizer.engines.openai.data import json_line
from services.summarizer.engines.openai.replies import MergeReply, Same
from services.summarizer.engines.openai.tokens import most_tokens

T = TypeVar("T", Finding, ActionItem)


class Item(Frozen):
    """One item of the minutes of a part, as a model reads it."""

    id: str
    kind: str
    text: str
    assignee: str | None = None
    due: str | None = None


def joined(parts: Sequence[Findings]) -> Findings:
    """All that the parts say, one after another, without a model."""
    summaries = [one.summary for one in parts if one.summary]
    return Findings(
        summary="\n\n".join(summaries),
        summary_evidence=tuple(dict.fromkeys(name for one in parts for name in one.summary_evidence)),
        decisions=tuple(item for one in parts for item in one.decisions),
        action_items=tuple(item for one in parts for item in one.action_items),
        open_questions=tuple(item for one in parts for item in one.open_questions),
        topics=tuple(item for one in parts for item in one.topics),
        sections=_joined_sections(parts),
    )


def merged(parts: Sequence[Findings], reply: MergeReply) -> Findings:
    """The parts as a model joined them: what it names as the same becomes one, and everything else stays."""
    whole = joined(parts)
    groups = {name: same for same in reply.same for name in same.items}
    texts = {
        kind: tuple(_merged([list(_findings(part)[kind]) for part in parts], kind, groups, _one_finding))
        for kind in _findings(whole)
    }
    tasks = _merged([list(part.action_items) for part in parts], "action_item", groups, _one_item)
    own = (one.model_copy(update={"findings": texts[_own_kind(one)]}) for one in whole.sections)
    return whole.model_copy(
        update={
            "summary": reply.summary.strip() or whole.summary,
            "decisions": texts["decision"],
            "action_items": tuple(tasks),
            "open_questions": texts["open_question"],
            "topics": texts["topic"],
            "sections": tuple(own),
        }
    )


def outline(findings: Findings) -> Findings:
    """The summary and the topics alone."""
    return Findings(summary=findings.summary, summary_evidence=findings.summary_evidence, topics=findings.topics)


def items(parts: Sequence[Findings]) -> Iterator[Item]:
    """What a model reads of the parts; ids as `merged` reads them."""
    for number, part in enumerate(parts, start=1):
        yield Item(id=f"summary-{number}", kind="summary", text=part.summary)
        for kind, findings in _findings(part).items():
            for place, one in enumerate(findings, start=1):
                yield Item(id=_id(kind, number, place), kind=kind, text=one.text)
        for place, item in enumerate(part.action_items, start=1):
            due = item.due.isoformat() if item.due else item.due_text
            name = _id("action_item", number, place)
            yield Item(id=name, kind="action_item", text=item.task, assignee=item.assignee, due=due)


def batches(parts: Sequence[Findings], limit: int) -> list[list[Findings]]:
    """Consecutive parts whose items have at most `limit` tokens together; a longer one is alone."""
    found: list[list[Findings]] = []
    size = limit
    for part in parts:
        tokens = sum(most_tokens(json_line(item)) + 1 for item in items([part]))
        if size + tokens > limit:
            found.append([])
            size = 0
        found[-1].append(part)
        size += tokens
    return found


def _joined_sections(parts: Sequence[Findings]) -> tuple[PersonaSection, ...]:
    titles = {one.name: one.title for part in parts for one in part.sections}
    return tuple(
        PersonaSection(
            name=name,
            title=title,
            findings=tuple(
                item for part in parts for one in part.sections if one.name == name for item in one.findings
            ),
        )
        for name, title in titles.items()
    )


def _findings(part: Findings) -> defaultdict[str, tuple[Finding, ...]]:
    """All lists of findings, by the kind of their items."""
    own = {_own_kind(one): one.findings for one in part.sections}
    common = {"decision": part.decisions, "open_question": part.open_questions, "topic": part.topics}
    return defaultdict(tuple, common | own)


def _own_kind(section: PersonaSection) -> str:
    return f"section_{section.name}"


def _id(kind: str, part: int, place: int) -> str:
    return f"{kind}-{part}-{place}"


def _merged(
    parts: Sequence[Sequence[T]], kind: str, groups: Mapping[str, Same], join: Callable[[str, Sequence[T]], T | None]
) -> Iterator[T]:
    """Each item once, alone or joined with those of other parts, at the place of the first.

    What one section told apart stays apart, whatever a text makes the model say.
    """
    named = {
        _id(kind, number, place): (number, one)
        for number, part in enumerate(parts, start=1)
        for place, one in enumerate(part, start=1)
    }
    while named:
        name, (_, first) = next(iter(named.items()))
        members = _members(name, groups, named)
        together = join(groups[name].text.strip(), [named[one][1] for one in members]) if members else None
        yield first if together is None else together
        for one in [name] if together is None else members:
            del named[one]


def _members(name: str, groups: Mapping[str, Same], named: Mapping[str, tuple[int, object]]) -> list[str]:
    """The items of a group in the order of the parts; none if it takes two of one part, or there is no group."""
    if name not in groups:
        return []
    of_part = sorted((named[one][0], one) for one in {name, *groups[name].items} if one in named)
    is_apart = len({part for part, _ in of_part}) == len(of_part)
    return [one for _, one in of_part] if is_apart else []


def _one_finding(text: str, members: Sequence[Finding]) -> Finding | None:
    """The findings as one; none if there is nothing to join, or one of them rests on nothing."""
    if len(members) < 2 or not all(one.evidence for one in members):
        return None
    return Finding(text=_text(text, [one.text for one in members]), evidence=_evidence(members))


def _one_item(text: str, members: Sequence[ActionItem]) -> ActionItem | None:
    """The same for action items, which are of one person, and due as was said last."""
    people = {one.assignee for one in members if one.assignee}
    if len(members) < 2 or len(people) > 1 or not all(one.evidence for one in members):
        return None
    dated = [one for one in members if one.due or one.due_text]
    return ActionItem(
        task=_text(text, [one.task for one in members]),
        assignee=next(iter(people), None),
        due=dated[-1].due if dated else None,
        due_text=dated[-1].due_text if dated else None,
        evidence=_evidence(members),
    )


def _text(chosen: str, texts: Sequence[str]) -> str:
    """What joined items say: the one of their texts that the model chose, and never a text of its own."""
    return chosen if chosen in texts else texts[-1]


def _evidence(members: Sequence[Finding] | Sequence[ActionItem]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in members for name in one.evidence))
