"""The fields of the two forms that bring recordings, checked."""

import datetime
import re
import unicodedata
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

from libs.common.request import MeetingRequest
from libs.common.speech import Frozen, SpeakerBounds
from services.gateway.errors import InvalidRequest
from services.gateway.schemas.problems import FieldError

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)
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


def _one_line(text: str) -> str:
    return _without_controls(" ".join(text.split()))


def _without_controls(text: str) -> str:
    if any(unicodedata.category(one) == "Cc" and one not in "\n\r\t" for one in text):
        raise ValueError("has control characters")
    return unicodedata.normalize("NFC", text)


def _language(tag: str) -> str:
    """The language of a tag as in BCP 47: `en` of `en-US`."""
    found = _LANGUAGE.fullmatch(tag)
    if found is None:
        raise ValueError("use a code such as en, de or fr")
    return found[1].lower()


def _known(persona: str, info: ValidationInfo) -> str:
    known: Sequence[str] = (info.context or {}).get("personas", ())
    if persona not in known:
        raise ValueError(f"no persona is called {persona!r}; there are {', '.join(known)}")
    return persona


_Single = BeforeValidator(_single)
_Several = BeforeValidator(_several)
_Text = Annotated[str, AfterValidator(_one_line)]
_Prose = Annotated[str, AfterValidator(_without_controls), Field(max_length=10_000)]
_Voices = Annotated[Annotated[int, Field(ge=1, le=100)] | None, _Single]
_Term = Annotated[_Text, Field(max_length=100)]
_Language = Annotated[str, AfterValidator(_language)]


class MeetingForm(Frozen):
    """The options that come with a recording."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[Annotated[_Text, Field(max_length=300)] | None, _Single] = None
    recorded_at: Annotated[AwareDatetime | None, _Single] = None
    language: Annotated[_Language | None, _Single] = None
    min_speakers: _Voices = None
    max_speakers: _Voices = None
    num_speakers: _Voices = Field(default=None, validate_default=True)
    personas: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], _Several] = ()
    vocabulary: Annotated[tuple[_Term, ...], Field(max_length=500), _Several] = ()

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

    name: Annotated[Annotated[_Text, Field(max_length=200)], _Single]
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
