"""Minutes: the summary, decisions, action items and open questions of a meeting, for one persona."""

import datetime
from collections.abc import Set as AbstractSet
from typing import Literal, Self

from pydantic import Field

from libs.common.engine import EngineInfo
from libs.common.speech import Frozen

Part = Literal["summary", "decisions", "action_items", "open_questions", "topics", "sections"]
"""A part of minutes; a persona says in which order its reader wants them."""


class Finding(Frozen):
    """Something the minutes say, and the utterances it rests on."""

    text: str
    evidence: tuple[str, ...]
    """Ids of utterances of the transcript."""

    is_supported: bool = True
    """False where no cited utterance exists in the transcript."""

    def checked(self, known: AbstractSet[str]) -> Self:
        """The same, citing only `known` utterances."""
        evidence = tuple(one for one in self.evidence if one in known)
        return self.model_copy(update={"evidence": evidence, "is_supported": bool(evidence)})


class ActionItem(Frozen):
    """Something that somebody has to do."""

    task: str

    assignee: str | None
    """Name of a speaker, the label of an unnamed one, or a name from the text."""

    due: datetime.date | None
    due_text: str | None = None
    """The due date in the words of the meeting: `by Friday`."""

    evidence: tuple[str, ...]
    is_supported: bool = True

    def checked(self, known: AbstractSet[str]) -> Self:
        """The same, citing only `known` utterances."""
        evidence = tuple(one for one in self.evidence if one in known)
        return self.model_copy(update={"evidence": evidence, "is_supported": bool(evidence)})


class Section(Frozen):
    """What one persona wants beyond the common parts."""

    name: str
    title: str
    findings: tuple[Finding, ...]

    def checked(self, known: AbstractSet[str]) -> Self:
        """The same, citing only `known` utterances."""
        return self.model_copy(update={"findings": tuple(one.checked(known) for one in self.findings)})


class Findings(Frozen):
    """What an engine found in a transcript."""

    summary: str
    """Unnamed speakers are called by their label."""

    summary_evidence: tuple[str, ...] = ()
    decisions: tuple[Finding, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    open_questions: tuple[Finding, ...] = ()
    topics: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()

    def checked(self, known: AbstractSet[str]) -> Self:
        """The same, citing only `known` utterances; what rests on none is marked as not supported."""
        return self.model_copy(
            update={
                "summary_evidence": tuple(one for one in self.summary_evidence if one in known),
                "decisions": tuple(one.checked(known) for one in self.decisions),
                "action_items": tuple(one.checked(known) for one in self.action_items),
                "open_questions": tuple(one.checked(known) for one in self.open_questions),
                "topics": tuple(one.checked(known) for one in self.topics),
                "sections": tuple(one.checked(known) for one in self.sections),
            }
        )


class Usage(Frozen):
    """What minutes took of a remote model; nothing where an engine runs here."""

    calls: int = 0
    """Questions that were put, those answered from our own cache included."""

    cached_calls: int = 0
    """Calls answered from our own cache: they take no tokens and cost nothing."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    """The part of `input_tokens` that the model's provider had read before, and charges less for."""

    output_tokens: int = 0
    cost_usd: float | None = 0.0
    """`None` where the price of a call is not known."""

    def __add__(self, other: "Usage") -> "Usage":
        """The sum; its cost is unknown as soon as one part's is."""
        is_known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            calls=self.calls + other.calls,
            cached_calls=self.cached_calls + other.cached_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if is_known else None,
        )


class Minutes(Findings):
    """The artifact `minutes.json` of one persona."""

    version: Literal[1] = 1
    persona: str

    persona_digest: str = ""
    """SHA-256 of the persona's definition."""

    title: str
    """The persona's own title, for example `For the executive`."""

    parts: tuple[Part, ...] = ("summary", "decisions", "action_items", "open_questions", "topics", "sections")
    """In the order in which the reader wants them."""

    engine: EngineInfo
    is_cached: bool = Field(default=False)
    """True if the answer came from the cache, so that nothing was computed or paid."""

    usage: Usage = Usage()
    """All calls for these minutes: each section, the merge, repairs."""
