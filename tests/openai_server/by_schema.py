"""A valid answer to any JSON schema, made of the utterances that the prompt shows: no model, but a whole answer."""

import itertools
import json
import re
from collections.abc import Iterator

from pydantic import JsonValue

from tests.openai_server.requests import ChatRequest

Schema = dict[str, JsonValue]

_UTTERANCE_ID = re.compile(r"\bu\d{4,}\b")
_CITED = 12
"""How many utterances an answer cites at most, spread over the whole prompt."""

_LONGEST_TEXT = 120
_BESIDE = " \t:,.;|[]()-"
"""What may stand between an id and its text."""

_NOTHING = "Nothing was said."


def answer_by_schema(schema: Schema, request: ChatRequest) -> str:
    """An answer as JSON; evidence cites ids of the prompt, and texts are what stands beside them."""
    said = [message.text for message in request.messages if message.role == "user"]
    return json.dumps(_Writer(schema, "\n".join(said)).value(schema), ensure_ascii=False)


def find_schema(prompt: str) -> Schema | None:
    """The first JSON schema that is written out in a prompt."""
    decoder = json.JSONDecoder()
    for brace in re.finditer(r"\{", prompt):
        try:
            found, _ = decoder.raw_decode(prompt, brace.start())
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("type") == "object" and "properties" in found:
            return found
    return None


class _Writer:
    """Fills a schema in, each object with the next utterance that is cited."""

    def __init__(self, schema: Schema, prompt: str) -> None:
        self._definitions = _mapping(schema.get("$defs"))
        self._texts = dict(_utterances(prompt))
        ids = list(self._texts)
        self._cited = itertools.cycle(ids[:: -(-len(ids) // _CITED)] if ids else [""])
        self._current = next(self._cited)

    def value(self, schema: Schema, name: str = "") -> JsonValue:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        choices = schema.get("enum")
        if isinstance(choices, list):
            return self._current if self._current in choices else choices[0]
        alternatives = schema.get("anyOf")
        if isinstance(alternatives, list):
            return self._alternative([_mapping(one) for one in alternatives], name)
        return self._typed(schema, name)

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        return self._resolved(_mapping(self._definitions.get(reference.rpartition("/")[2])))

    def _alternative(self, alternatives: list[Schema], name: str) -> JsonValue:
        if any(one.get("type") == "null" for one in alternatives):
            return None
        return self.value(alternatives[0], name)

    def _typed(self, schema: Schema, name: str) -> JsonValue:
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema, name)
            case "string":
                return self._string(schema, name)
            case "boolean":
                return True
            case "integer" | "number":
                return schema.get("minimum", 0)
            case _:
                return None

    def _object(self, schema: Schema) -> JsonValue:
        self._current = next(self._cited)
        return {name: self.value(_mapping(one), name) for name, one in _mapping(schema.get("properties")).items()}

    def _array(self, schema: Schema, name: str) -> JsonValue:
        items = self._resolved(_mapping(schema.get("items")))
        wanted = 2 if items.get("type") == "object" else 1
        fewest, most = _number(schema.get("minItems"), 0), _number(schema.get("maxItems"), wanted)
        count = max(fewest, min(most, wanted if self._current else 0))
        return [self.value(items, name) for _ in range(count)]

    def _string(self, schema: Schema, name: str) -> str:
        if schema.get("format") == "date":
            return "2026-01-05"
        if "evidence" in name or name.endswith(("id", "ids")):
            return self._current
        return self._texts.get(self._current, _NOTHING)


def _utterances(prompt: str) -> Iterator[tuple[str, str]]:
    """Each id with its text: of lines that are JSON with an `id`, or else with what stands beside an id."""
    for line in prompt.splitlines():
        said = _json_line(line)
        if isinstance(said.get("id"), str):
            yield str(said["id"]), str(said.get("text", said["id"]))[:_LONGEST_TEXT]
            continue
        for found in _UTTERANCE_ID.finditer(line):
            yield found[0], line[found.end() :].lstrip(_BESIDE)[:_LONGEST_TEXT] or found[0]


def _json_line(line: str) -> Schema:
    try:
        return _mapping(json.loads(line))
    except ValueError:
        return {}


def _mapping(value: JsonValue) -> Schema:
    return value if isinstance(value, dict) else {}


def _number(value: JsonValue, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise
