"""The multipart bodies, for the OpenAPI description: the gateway parses them itself while they arrive."""

from typing import Any

_AUDIO = {"type": "string", "format": "binary", "description": "Any audio or video that ffmpeg reads."}


def _form(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _voices(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": 100, "description": description}


def _list(description: str, example: list[str]) -> dict[str, Any]:
    more = " Repeat the field, or separate with commas."
    return {"type": "array", "items": {"type": "string"}, "description": description + more, "example": example}


MEETING_BODY = _form(
    {
        "audio": _AUDIO,
        "title": {"type": "string", "maxLength": 300, "example": "Weekly planning"},
        "recorded_at": {
            "type": "string",
            "format": "date-time",
            "description": "When the meeting took place; what “tomorrow” counts from. Otherwise now.",
        },
        "language": {
            "type": "string",
            "example": "en",
            "description": "ISO 639 code, also with a region: of `en-US` the `en` is taken. Otherwise detected.",
        },
        "min_speakers": _voices("At least so many voices."),
        "max_speakers": _voices("At most so many voices."),
        "num_speakers": _voices("Exactly so many voices; excludes the other two."),
        "personas": _list("For whom minutes are written.", ["executive", "engineer"]),
        "vocabulary": _list("Names and terms to expect.", ["Hansard", "pgvector"]),
    },
    ["audio"],
)

ENROLMENT_BODY = _form(
    {
        "name": {
            "type": "string",
            "maxLength": 200,
            "example": "Ana Lindqvist",
            "description": "A name that a speaker has already, whatever its case, adds the samples to that speaker.",
        },
        "audio": {"type": "array", "items": _AUDIO, "minItems": 1, "maxItems": 20},
        "consent": {"type": "string", "maxLength": 10000, "description": "The text that this person agreed to."},
    },
    ["name", "audio"],
)
