"""Minutes: the summary, decisions, action items and open questions of a meeting, for one persona."""

import datetime
from typing import Literal

from pydantic import Field

from libs.common.engine import EngineInfo
from libs.common.speech import Frozen


class Finding(Frozen):
    """Something the minutes say, and the utterances it rests on."""

    text: str
    evidence: tuple[str, ...]
    """Ids of utterances of the transcript."""

    is_supported: bool = True
    """False where no cited utterance exists in the transcript."""


class ActionItem(Frozen):
    """Something that somebody has to do."""

    task: str
    assignee: str | None
    due: datetime.date | None
    due_text: str | None = None
    """The due date in the words of the meeting: `by Friday`."""

    evidence: tuple[str, ...]
    is_supported: bool = True


class Minutes(Frozen):
    """The artifact `minutes.json` of one persona."""

    version: Literal[1] = 1
    persona: str
    title: str
    """The persona's own title, for example `For the executive`."""

    summary: str
    decisions: tuple[Finding, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    open_questions: tuple[Finding, ...] = ()
    topics: tuple[str, ...] = ()
    engine: EngineInfo
    is_cached: bool = Field(default=False)
    """True if the answer came from the cache, so that nothing was computed or paid."""
