"""What a client asked for: the artifact `request.json`, and the settings in which runs of one meeting may differ."""

import datetime
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from libs.common.line import ClientStage
from libs.common.speech import Frozen, SpeakerBounds

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)
_BOUNDS = tuple(SpeakerBounds.model_fields)


@dataclass(frozen=True)
class Concerns:
    """Which stages honour a setting; also told by the description of the API, as `x-concerns`."""

    stages: tuple[ClientStage, ...]

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core_schema), "x-concerns": list(self.stages)}


def without_controls(text: str) -> str:
    """Text that a client wrote, composed (NFC).

    Raises:
        ValueError: It has control characters.
    """
    if any(unicodedata.category(one) == "Cc" and one not in "\n\r\t" for one in text):
        raise ValueError("has control characters")
    return unicodedata.normalize("NFC", text)


def _one_line(text: str) -> str:
    return without_controls(" ".join(text.split()))


def _language(tag: str) -> str:
    """The language of a tag as in BCP 47: `en` of `en-US`."""
    found = _LANGUAGE.fullmatch(tag)
    if found is None:
        raise ValueError("use a code such as en, de or fr")
    return found[1].lower()


Line = Annotated[str, AfterValidator(_one_line)]
Voices = Annotated[int, Field(ge=1, le=100)]
Language = Annotated[str, AfterValidator(_language)]
Vocabulary = Annotated[tuple[Annotated[Line, Field(max_length=100)], ...], Field(max_length=500)]

_Diarize = Concerns(("diarize",))
_Match = Concerns(("match",))
_Transcribe = Concerns(("transcribe",))
_Vocabulary = Concerns(("transcribe", "summarize"))
_Summarize = Concerns(("summarize",))


class RunSettings(Frozen):
    """The settings in which a run may differ from the one that it replays; `null` takes a setting back."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    num_speakers: Annotated[Voices | None, _Diarize] = Field(default=None, alias="diarizer.num_speakers")
    """Exactly so many voices; takes back the other two."""

    min_speakers: Annotated[Voices | None, _Diarize] = Field(default=None, alias="diarizer.min_speakers")
    """At least so many voices."""

    max_speakers: Annotated[Voices | None, _Diarize] = Field(default=None, alias="diarizer.max_speakers")
    """At most so many voices."""

    match_threshold: Annotated[Annotated[float, Field(ge=-1, le=1)] | None, _Match] = Field(
        default=None, alias="diarizer.match_threshold"
    )
    """Cosine similarity from which a label may get a name."""

    match_margin: Annotated[Annotated[float, Field(ge=0, le=2)] | None, _Match] = Field(
        default=None, alias="diarizer.match_margin"
    )
    """How much closer the name must be than any other, on both sides."""

    language: Annotated[Language | None, _Transcribe] = Field(default=None, alias="transcriber.language")
    """ISO 639 code, also with a region: of `en-US` the `en` is taken. `null`: detected."""

    vocabulary: Annotated[Vocabulary | None, _Vocabulary] = Field(default=None, alias="transcriber.vocabulary")
    """Names and terms to expect."""

    recorded_at: Annotated[AwareDatetime | None, _Summarize] = Field(default=None, alias="summarizer.recorded_at")
    """When the meeting took place; what “tomorrow” counts from."""

    @model_validator(mode="before")
    @classmethod
    def _has_known_names(cls, given: object) -> object:
        unknown = [str(one) for one in given if one not in cls.names()] if isinstance(given, Mapping) else []
        if unknown:
            raise ValueError(f"there is no setting {', '.join(unknown)}; there are {', '.join(cls.names())}")
        return given

    @classmethod
    def names(cls) -> dict[str, tuple[ClientStage, ...]]:
        """Name of each setting → the stages that honour it."""
        return {
            str(field.alias): next(one.stages for one in field.metadata if isinstance(one, Concerns))
            for field in cls.model_fields.values()
        }

    @property
    def given(self) -> dict[str, JsonValue]:
        """Those that were given, also as `null`, by the names that a client uses."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class MeetingRequest(Frozen):
    """The options of one run of a meeting; every stage reads what concerns it."""

    version: Literal[1] = 1
    title: str | None = None

    recorded_at: datetime.datetime | None = None
    """When the meeting took place, with its time zone: what "tomorrow" counts from. Without a word from the client,
    the time of acceptance."""

    language: str | None = None
    """ISO 639-1 code, or `None` to let the engine decide."""

    speaker_bounds: SpeakerBounds = SpeakerBounds()

    match_threshold: float | None = None
    """Instead of the diarizer's own; raw cosine."""

    match_margin: float | None = None
    """Instead of the diarizer's own; raw cosine."""

    personas: tuple[str, ...] = Field(default=("executive",), min_length=1)
    """For whom minutes are written."""

    vocabulary: tuple[str, ...] = ()
    """Names and terms that the transcriber should expect."""

    @property
    def revision(self) -> int:
        """The oldest `MeetingEvent.revision` whose workers know all options that are in use here."""
        return 1 if self.match_threshold is None and self.match_margin is None else 2

    @property
    def settings(self) -> RunSettings:
        """What of it may differ from run to run, as far as it is set."""
        values = {**dict(self.speaker_bounds), **dict(self)}
        fields = RunSettings.model_fields.items()
        return RunSettings.model_validate(
            {str(field.alias): values[name] for name, field in fields if values[name] not in (None, ())}
        )

    def with_settings(self, settings: RunSettings) -> Self:
        """The same request with some settings replaced.

        Raises:
            ValueError: The numbers of voices do not go together.
        """
        given = {name: getattr(settings, name) for name in settings.model_fields_set}
        bounds = {name: given.pop(name) for name in _BOUNDS if name in given}
        if "vocabulary" in given:
            given["vocabulary"] = given["vocabulary"] or ()
        return self.model_copy(update={**given, "speaker_bounds": _replaced(self.speaker_bounds, bounds)})


def _replaced(bounds: SpeakerBounds, given: Mapping[str, int | None]) -> SpeakerBounds:
    """An exact number takes back a range, and a range an exact number, unless both were given."""
    kept = dict(bounds)
    if given.get("num_speakers"):
        kept = {}
    elif given.get("min_speakers") or given.get("max_speakers"):
        kept["num_speakers"] = None
    return SpeakerBounds(**{**kept, **given})
