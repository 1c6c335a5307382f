"""What one call asks a model: all that its answer depends on, beside the engine."""

import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from libs.common.minutes import Findings
from libs.common.personas import Persona
from libs.common.speech import Frozen
from services.summarizer.engines import Call, MinutesRequest
from services.summarizer.engines.openai.sections import Section


class Meeting(Frozen):
    """What is known about a meeting beside its transcript."""

    title: str | None
    day: datetime.date | None
    weekday: str | None
    language: str | None
    speakers: tuple[str, ...]
    expected_terms: tuple[str, ...]

    @classmethod
    def of(cls, request: MinutesRequest) -> "Meeting":
        """As the request has it; unnamed speakers are called by their labels."""
        labels = dict.fromkeys(one.label for one in request.transcript.utterances)
        return cls(
            title=request.title,
            day=request.day,
            weekday=request.day.strftime("%A") if request.day else None,
            language=request.transcript.language,
            speakers=tuple(dict.fromkeys(request.speaker(label) for label in labels)),
            expected_terms=request.vocabulary,
        )


class _Asked(Frozen):
    server: str
    """Its address: another one may have another model of the same name."""

    answer_tokens: int
    persona: Persona
    meeting: Meeting

    def call(self, name: str) -> Call:
        """The call that asks this."""
        return Call(name=name, asked=self.model_dump_json())


class AskedSection(_Asked):
    """The minutes of one section of the transcript."""

    kind: Literal["section"] = "section"
    section: Section
    count: int
    """Of all sections."""

    @property
    def is_part(self) -> bool:
        """Whether there is more of the transcript than this."""
        return self.count > 1 or self.section.number != "1"


class AskedMerge(_Asked):
    """The minutes of several sections as one."""

    kind: Literal["merge"] = "merge"
    parts: tuple[Findings, ...]


Asked = AskedSection | AskedMerge

_ASKED: TypeAdapter[Asked] = TypeAdapter(Annotated[Asked, Field(discriminator="kind")])


def asked_by(call: Call) -> Asked:
    """What a call asks."""
    return _ASKED.validate_json(call.asked)
