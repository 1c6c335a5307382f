"""Engines that write minutes, behind one Protocol."""

import datetime
import hashlib
from collections.abc import Mapping
from typing import Literal, Protocol, assert_never

from pydantic import Field

from libs.common.engine import EngineInfo
from libs.common.errors import PipelineError
from libs.common.minutes import Findings, Usage
from libs.common.personas import Persona
from libs.common.speech import Frozen
from libs.common.transcript import Transcript
from services.summarizer.settings import SummarizerSettings

_USAGE = "usage"


class MinutesRequest(Frozen):
    """All that an engine knows when it writes minutes: the same request has the same answer."""

    persona: Persona
    transcript: Transcript

    names: Mapping[str, str] = Field(default_factory=dict)
    """Label → name, for the labels that have one."""

    title: str | None = None

    day: datetime.date | None = None
    """When the meeting took place; without it a relative date stays words."""

    vocabulary: tuple[str, ...] = ()
    """Names and terms that the client expected to be said."""

    def speaker(self, label: str) -> str:
        """What minutes call a speaker: the name, or else the label."""
        return self.names.get(label, label)


class Caveat(Frozen):
    """A warning that belongs to an answer, and comes back with it."""

    code: str
    message: str


class Call(Frozen):
    """One question to an engine, and all that its answer depends on beside the engine."""

    name: str
    """For people: `all`, `section 2 of 5`, `merge 1`."""

    asked: str
    """JSON in the shape of the engine that planned the call and will answer it."""

    @property
    def digest(self) -> str:
        """SHA-256 of what is asked: the same question has the same answer, whatever its name."""
        return hashlib.sha256(self.asked.encode()).hexdigest()


class Answer(Frozen):
    """What an engine said to one call."""

    version: Literal[1] = 1
    findings: Findings | None
    """`None` where text or answer did not fit into one call: the plan then has smaller ones."""

    model: str | None = None
    """As the server of a remote model names it."""

    usage: Usage = Usage()
    caveats: tuple[Caveat, ...] = ()

    is_read: bool = True
    """False where the server did not read all that it was given: it may read more when the next run asks."""

    run_id: str = ""
    """The run that asked first, and bears the cost."""

    waited: float = Field(default=0.0, exclude=True)
    """Seconds until there was room for it in the budget; it is measured, and not kept."""


def note_usage(error: PipelineError, usage: Usage) -> None:
    """Have an error say what was taken before it; it takes that along from the engine's process."""
    error.__dict__[_USAGE] = usage


def usage_of_failure(error: PipelineError) -> Usage:
    """What a call took that ended with this error."""
    usage = error.__dict__.get(_USAGE)
    return usage if isinstance(usage, Usage) else Usage()


class Plan(Frozen):
    """What is still to be asked for the minutes, or the minutes."""

    calls: tuple[Call, ...] = ()
    """Independent of each other; none when the findings are complete."""

    findings: Findings | None = None
    caveats: tuple[Caveat, ...] = ()
    """Of the whole, beside those of its answers."""


class Summarizer(Protocol):
    """Writes the minutes of a meeting for one persona, in calls that are answered and kept one by one."""

    @property
    def info(self) -> EngineInfo: ...

    def plan(self, request: MinutesRequest, answers: Mapping[str, Answer]) -> Plan:
        """What follows from the answers so far, by their calls' digests; every utterance is asked about."""

    def answer(self, call: Call) -> Answer:
        """Answer one call of a plan, citing utterances by their ids."""


def load_engine(settings: SummarizerSettings) -> Summarizer:
    """Load the engine that the settings name; runs in the child process.

    Raises:
        InvalidSettings: The engine cannot start; the text says what to change.
    """
    match settings.summarizer_engine:
        case "extractive":
            from services.summarizer.engines.extractive import Extractive  # noqa: PLC0415 - loads scikit-learn

            return Extractive()
        case "openai":
            from services.summarizer.engines.openai.setup import open_minutes  # noqa: PLC0415 - loads the client

            return open_minutes(settings)
        case _:
            assert_never(settings.summarizer_engine)
