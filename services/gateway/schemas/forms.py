"""The fields of the two forms that bring recordings, checked."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from libs.common.request import Language, Line, MeetingRequest, Vocabulary, Voices, without_controls
from libs.common.speech import Frozen, SpeakerBounds
from services.gateway.errors import InvalidRequest
from services.gateway.schemas.problems import FieldError

_BOUNDS: Literal["speaker_bounds"] = "speaker_bounds"


def _single(values: Sequence[str] | None) -> str | None:
    if values is None:
        return None
    if len(values) > 1:
        raise ValueError("was given more than once")
    return values[0].strip() or None


def _several(values: Sequence[str]) -> tuple[str, ...]:
    parts = (part.strip() for value in values for part in value.replace("\n", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def check_persona(persona: str, known: Sequence[str]) -> str:
    """The id of a persona that exists.

    Raises:
        ValueError: There is none; the text says which there are.
    """
    if persona not in known:
        raise ValueError(f"no persona is called {persona!r}; there are {', '.join(known)}")
    return persona


def _known(persona: str, info: ValidationInfo) -> str:
    return check_persona(persona, (info.context or {}).get("personas", ()))


_Single = BeforeValidator(_single)
_Several = BeforeValidator(_several)
_Prose = Annotated[str, AfterValidator(without_controls), Field(max_length=10_000)]
_Voices = Annotated[Voices | None, _Single]


class MeetingForm(Frozen):
    """The options that come with a recording."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[Annotated[Line, Field(max_length=300)] | None, _Single] = None
    recorded_at: Annotated[AwareDatetime | None, _Single] = None
    language: Annotated[Language | None, _Single] = None
    min_speakers: _Voices = None
    max_speakers: _Voices = None
    num_speakers: _Voices = Field(default=None, validate_default=True)
    personas: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], _Several] = ()
    vocabulary: Annotated[Vocabulary, _Several] = ()

    @field_validator("num_speakers")
    @classmethod
    def _has_consistent_bounds(cls, num: int | None, info: ValidationInfo) -> int | None:
        """With this field, and not with the whole form: whose faults are listed only if no field has any."""
        others = {name: info.data.get(name) for name in ("min_speakers", "max_speakers")}
        try:
            SpeakerBounds(**others, num_speakers=num)
        except ValidationError as error:
            raise PydanticCustomError(_BOUNDS, readable(error.errors()[0]["msg"])) from error
        return num

    @property
    def speaker_bounds(self) -> SpeakerBounds:
        """How many voices there may be."""
        return SpeakerBounds(
            min_speakers=self.min_speakers, max_speakers=self.max_speakers, num_speakers=self.num_speakers
        )

    def request(self, *, accepted_at: datetime.datetime) -> MeetingRequest:
        """What the stages read."""
        chosen = {"personas": self.personas} if self.personas else {}
        return MeetingRequest(
            title=self.title,
            recorded_at=self.recorded_at or accepted_at,
            language=self.language,
            speaker_bounds=self.speaker_bounds,
            vocabulary=self.vocabulary,
            **chosen,
        )


class EnrolmentForm(Frozen):
    """Who is enrolled, and the text that this person agreed to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Annotated[Line, Field(max_length=200)], _Single]
    consent: Annotated[_Prose | None, _Single] = None


F = TypeVar("F", bound=Frozen)


def read_fields(form: type[F], fields: Mapping[str, Sequence[str]], *, personas: Sequence[str] = ()) -> F:
    """Check the fields of a form.

    Raises:
        InvalidRequest: Some are wrong, unknown or missing; it lists each.
    """
    try:
        return form.model_validate(fields, context={"personas": personas})
    except ValidationError as error:
        faults = [FieldError(field=_where(one), message=readable(one["msg"])) for one in error.errors()]
        raise InvalidRequest.of(*faults) from error


def readable(message: str) -> str:
    """A message of pydantic's in the words of a form."""
    match message.removeprefix("Value error, "):
        case "Extra inputs are not permitted":
            return "there is no such field"
        case "Field required" | "Input should be a valid string":
            return "is missing"
        case other:
            return other


def _where(error: ErrorDetails) -> str:
    return _BOUNDS if error["type"] == _BOUNDS else str(error["loc"][0])
