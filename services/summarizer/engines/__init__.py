"""Engines that write minutes, behind one Protocol."""

import datetime
from collections.abc import Mapping
from typing import Literal, Protocol, assert_never

from pydantic import Field

from libs.common.engine import EngineInfo
from libs.common.errors import InvalidSettings
from libs.common.minutes import Findings
from libs.common.personas import Persona
from libs.common.speech import Frozen
from libs.common.transcript import Transcript
from services.summarizer.settings import SummarizerSettings


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


class Usage(Frozen):
    """What an answer took."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float = 0.0


class Caveat(Frozen):
    """A warning that belongs to an answer, and comes back with it."""

    code: str
    message: str


class Answer(Frozen):
    """What an engine said to a request."""

    version: Literal[1] = 1
    findings: Findings
    usage: Usage = Usage()
    caveats: tuple[Caveat, ...] = ()


class Summarizer(Protocol):
    """Writes the minutes of a meeting for one persona."""

    @property
    def info(self) -> EngineInfo: ...

    def summarize(self, request: MinutesRequest) -> Answer:
        """Read the whole transcript, however long, and cite utterances by their ids."""


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
            raise InvalidSettings("this release has no openai engine; set SUMMARIZER_ENGINE=extractive")
        case _:
            assert_never(settings.summarizer_engine)
