"""From what a model states to findings: code decides which ids, dates and names hold."""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from libs.common.minutes import ActionItem, Finding, Findings
from libs.common.minutes import Section as PersonaSection
from libs.common.personas import Persona
from services.summarizer.engines.openai.asked import AskedSection, Meeting
from services.summarizer.engines.openai.replies import SectionReply, StatedFinding, StatedItem

_FURTHEST = datetime.timedelta(days=5 * 366)
"""Nobody in a meeting promises anything for later."""


def findings_of(reply: SectionReply, asked: AskedSection) -> Findings:
    """The findings of one section; they cite nothing but its utterances."""
    stated = _Stated(asked.meeting, " ".join(one.text for one in (*asked.section.before, *asked.section.lines)))
    return Findings(
        summary=reply.summary.strip(),
        summary_evidence=_ids(reply.summary_evidence),
        decisions=_findings(reply.decisions),
        action_items=tuple(stated.item(one) for one in reply.action_items if one.task.strip()),
        open_questions=_findings(reply.open_questions),
        topics=_findings(reply.topics),
        sections=_sections(reply, asked.persona),
    ).checked(asked.section.ids)


def _ids(evidence: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in evidence))


def _findings(stated: Sequence[StatedFinding]) -> tuple[Finding, ...]:
    return tuple(Finding(text=one.text.strip(), evidence=_ids(one.evidence)) for one in stated if one.text.strip())


def _sections(reply: SectionReply, persona: Persona) -> tuple[PersonaSection, ...]:
    if "sections" not in persona.parts:
        return ()
    return tuple(
        PersonaSection(name=wish.name, title=wish.title, findings=_findings(reply.sections.get(wish.name, ())))
        for wish in persona.sections
    )


@dataclass(frozen=True)
class _Stated:
    """Checks action items against the meeting and the words of their section."""

    meeting: Meeting
    said: str

    def item(self, stated: StatedItem) -> ActionItem:
        due = self._due(stated)
        words = (stated.due_text or "").strip() or (stated.due if stated.due and due is None else None)
        return ActionItem(
            task=stated.task.strip(),
            assignee=self._assignee((stated.assignee or "").strip()),
            due=due,
            due_text=words,
            evidence=_ids(stated.evidence),
        )

    def _assignee(self, name: str) -> str | None:
        """A speaker under the name that minutes use, or a name that was said or expected; nobody else."""
        if not name:
            return None
        if (speaker := self._speaker(name)) is not None:
            return speaker
        is_known = name.lower() in map(str.lower, self.meeting.expected_terms)
        return name if is_known or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self.said, re.IGNORECASE) else None

    def _speaker(self, name: str) -> str | None:
        """The speaker of that name, or the only one with that first name."""
        speakers = {one.lower(): one for one in self.meeting.speakers}
        if name.lower() in speakers:
            return speakers[name.lower()]
        first = [one for lower, one in speakers.items() if lower.split()[:1] == [name.lower()]]
        return first[0] if len(first) == 1 else None

    def _due(self, stated: StatedItem) -> datetime.date | None:
        """The date, if it can be: not before the meeting, and where nobody knows its day, in a year that was said."""
        try:
            due = datetime.date.fromisoformat((stated.due or "").strip())
        except ValueError:
            return None
        if self.meeting.day is None:
            return due if re.search(rf"(?<!\d){due.year}(?!\d)", self.said) else None
        return due if self.meeting.day <= due <= self.meeting.day + _FURTHEST else None
