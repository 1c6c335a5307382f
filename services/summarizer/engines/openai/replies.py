"""What a model replies: pydantic models, from which the JSON schemas are made and by which every answer is checked."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from libs.common.personas import Persona

Reply = TypeVar("Reply", bound=BaseModel)

_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


class _Strict(BaseModel):
    """No field is optional and none is unknown, as structured output wants it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StatedFinding(_Strict):
    """A finding, as a model states it."""

    text: str
    evidence: tuple[str, ...] = Field(description="ids of the utterances that say it")


class StatedItem(_Strict):
    """An action item, as a model states it."""

    task: str
    assignee: str | None = Field(description="who has to do it, spelt as in speakers, or null")
    due: str | None = Field(description="the due date as YYYY-MM-DD, or null")
    due_text: str | None = Field(description="the due date in the words of the meeting, or null")
    evidence: tuple[str, ...] = Field(description="ids of the utterances that say it")


class SectionReply(BaseModel):
    """What a model found in one section; parts that the reader does not want are empty."""

    model_config = ConfigDict(frozen=True)

    summary: str
    summary_evidence: tuple[str, ...]
    decisions: tuple[StatedFinding, ...] = ()
    action_items: tuple[StatedItem, ...] = ()
    open_questions: tuple[StatedFinding, ...] = ()
    topics: tuple[StatedFinding, ...] = ()
    sections: dict[str, tuple[StatedFinding, ...]] = {}


class Same(_Strict):
    """Items that say the same."""

    text: str = Field(description="that of their texts which stays")
    items: tuple[str, ...] = Field(description="their ids, two or more")


class MergeReply(_Strict):
    """What a model makes of the findings of several sections; items that it does not name stay as they are."""

    summary: str
    same: tuple[Same, ...]


def section_reply(persona: Persona) -> type[BaseModel]:
    """The model of an answer for this reader: only the parts that it wants, and its own sections by name."""
    fields: dict[str, Any] = {
        "summary": (str, ...),
        "summary_evidence": (tuple[str, ...], Field(description="ids of the utterances that the summary rests on")),
    }
    for part in ("decisions", "open_questions", "topics"):
        if part in persona.parts:
            fields[part] = (tuple[StatedFinding, ...], ...)
    if "action_items" in persona.parts:
        fields["action_items"] = (tuple[StatedItem, ...], ...)
    if "sections" in persona.parts and persona.sections:
        # By alias: a section may be called like something that a model class has already.
        own: dict[str, Any] = {
            f"section{number}": (tuple[StatedFinding, ...], Field(alias=one.name))
            for number, one in enumerate(persona.sections)
        }
        fields["sections"] = (create_model("Sections", __base__=_Strict, **own), ...)
    return create_model("Minutes", __base__=_Strict, **fields)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of an answer, without the titles that pydantic makes of names: they take tokens."""
    schema: dict[str, Any] = _untitled(model.model_json_schema())
    return schema


def schema_text(model: type[BaseModel]) -> str:
    """The JSON schema as it stands in a prompt."""
    return json.dumps(schema_of(model), ensure_ascii=False)


def read_reply(model: type[Reply], text: str) -> Reply:
    """The answer in a text that may say more than that.

    Raises:
        ValidationError: There is none, or it does not follow the schema.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        objects = sorted(_objects(_THOUGHTS.sub("", text)), key=len)
        if not objects:
            raise
        try:
            return model.model_validate_json(objects[-1])
        except ValidationError as inner:
            raise inner from error


def _objects(text: str) -> Iterator[str]:
    """The JSON objects that stand in a text, without those inside of others."""
    decoder, position = json.JSONDecoder(), 0
    while (start := text.find("{", position)) >= 0:
        try:
            _, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
        else:
            yield text[start:position]


def _untitled(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _untitled(one) for key, one in schema.items() if key != "title" or not isinstance(one, str)}
