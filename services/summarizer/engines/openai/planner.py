"""Which calls a remote model's minutes take: one for each section, then those that join them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from libs.common.minutes import Findings
from services.summarizer.engines import Answer, Call, Caveat, MinutesRequest, Plan
from services.summarizer.engines.openai.asked import AskedMerge, AskedSection, Meeting
from services.summarizer.engines.openai.errors import AnswerTooLong, ContextTooSmall
from services.summarizer.engines.openai.limits import Limits
from services.summarizer.engines.openai.merging import batches, joined, outline
from services.summarizer.engines.openai.sections import Section, sections

NOT_MERGED = Caveat(
    code="minutes_not_merged",
    message="The minutes of some parts of the meeting stand one after another: together they are too long to be read"
    " by the model in one piece. OPENAI_CONTEXT_TOKENS and OPENAI_ANSWER_TOKENS say how much it takes.",
)


@dataclass
class Planner:
    """Follows the answers given so far as far as they reach; the same answers always give the same calls."""

    request: MinutesRequest
    answers: Mapping[str, Answer]
    limits: Limits
    server: str

    _calls: list[Call] = field(default_factory=list, init=False)
    _caveats: list[Caveat] = field(default_factory=list, init=False)

    def plan(self) -> Plan:
        """The calls that are missing, or the findings.

        Raises:
            AnswerTooLong, ContextTooSmall: A section was cut in two too often.
        """
        read = sections(self.request, self.limits.section)
        parts = [found for section in read for found in self._read(section, len(read))]
        findings = None if self._calls else self._merged(parts, level=1)
        if self._calls or findings is None:
            return Plan(calls=tuple(self._calls))
        return Plan(findings=findings, caveats=tuple(self._caveats))

    def _read(self, section: Section, count: int) -> list[Findings]:
        """What was found in a section, or in its halves where it did not fit."""
        asked = AskedSection(section=section, count=count, **self._common)
        answer = self._ask(asked.call(f"section {section.number} of {count}"))
        if answer is None:
            return []
        if answer.findings is not None:
            return [answer.findings]
        halves = section.halves()
        if not halves and not answer.is_read:
            raise ContextTooSmall(
                f"section {section.number} of {count} has {len(section.lines)} utterances, and the server does not read"
                " them: raise its context or its limit of tokens, or let OPENAI_CONTEXT_TOKENS say what it really reads"
            )
        if not halves:
            raise AnswerTooLong(
                f"section {section.number} of {count} has {len(section.lines)} utterances, and the answer to it found"
                f" no end within {self.limits.answer} tokens: raise OPENAI_ANSWER_TOKENS or take another OPENAI_MODEL"
            )
        return [found for half in halves for found in self._read(half, count)]

    def _merged(self, parts: Sequence[Findings], *, level: int) -> Findings | None:
        """The parts as one, or `None` while answers are missing."""
        if len(parts) < 2:
            return joined(parts)
        together = batches(parts, self.limits.merge)
        if len(together) == len(parts):
            return self._outlined(parts, level)
        found = [self._merge(batch, f"merge {level}.{place}") for place, batch in enumerate(together, start=1)]
        return None if self._calls else self._merged([one for one in found if one], level=level + 1)

    def _merge(self, parts: Sequence[Findings], name: str) -> Findings | None:
        if len(parts) == 1:
            return parts[0]
        answer = self._ask(AskedMerge(parts=tuple(parts), **self._common).call(name))
        if answer is None or answer.findings is not None:
            return answer.findings if answer else None
        self._caveats.append(NOT_MERGED)
        return joined(parts)

    def _outlined(self, parts: Sequence[Findings], level: int) -> Findings | None:
        """No two parts fit into one call: their summaries and topics may, and their lists are joined as they are."""
        whole, outlines = joined(parts), [outline(one) for one in parts]
        if outlines == list(parts):
            self._caveats.append(NOT_MERGED)
            return whole
        short = self._merged(outlines, level=level)
        if short is None:
            return None
        return whole.model_copy(
            update={"summary": short.summary, "summary_evidence": short.summary_evidence, "topics": short.topics}
        )

    def _ask(self, call: Call) -> Answer | None:
        answer = self.answers.get(call.digest)
        if answer is None:
            self._calls.append(call)
        return answer

    @property
    def _common(self) -> dict[str, Any]:
        return {
            "server": self.server,
            "answer_tokens": self.limits.answer,
            "persona": self.request.persona,
            "meeting": Meeting.of(self.request),
        }
