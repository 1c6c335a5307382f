"""What the API asks of a JSON schema with `strict: true`; messages are in its words."""

from collections.abc import Iterator

from pydantic import JsonValue

Place = tuple[str, ...]

DEEPEST = 10
MOST_PROPERTIES = 5000

_NOT_PERMITTED = (
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "minProperties",
    "maxProperties",
    "contains",
    "uniqueItems",
    "minLength",
    "maxLength",
    "default",
)


def complaint(name: str, schema: dict[str, JsonValue]) -> str | None:
    """Why the API would refuse the schema; `None` if it takes it."""
    prefix = f"Invalid schema for response_format '{name}': "
    if schema.get("type") != "object":
        return f"{prefix}schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    found = next(_complaints(schema, (), 1), None)
    if found is None and _count_properties(schema) > MOST_PROPERTIES:
        found = f"Too many properties: at most {MOST_PROPERTIES} are supported."
    return None if found is None else prefix + found


def _complaints(schema: JsonValue, place: Place, depth: int) -> Iterator[str]:
    context = f"In context={place!r}, "
    if not isinstance(schema, dict):
        yield f"{context}schema must be an object."
        return
    if depth > DEEPEST:
        yield f"{context}nesting is deeper than {DEEPEST} levels."
        return
    yield from (f"{context}'{keyword}' is not permitted." for keyword in _NOT_PERMITTED if keyword in schema)
    yield from _own_complaints(schema, context)
    for step, child, deeper in _children(schema):
        yield from _complaints(child, (*place, *step), depth + deeper)


def _own_complaints(schema: dict[str, JsonValue], context: str) -> Iterator[str]:
    beside = sorted(set(schema) - {"$ref", "$defs"})
    if "$ref" in schema and beside:
        yield f"{context}$ref cannot have keywords {{{', '.join(map(repr, beside))}}}."
    if not {"type", "$ref", "anyOf", "enum", "const"} & set(schema):
        yield f"{context}schema must have a 'type' key."
    if schema.get("type") == "array" and "items" not in schema:
        yield f"{context}array schema missing items."
    if schema.get("type") == "object":
        yield from _object_complaints(schema, context)


def _object_complaints(schema: dict[str, JsonValue], context: str) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"{context}'additionalProperties' is required to be supplied and to be false."
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        yield f"{context}'properties' is to be an object and 'required' an array."
        return
    rule = "'required' is required to be supplied and to be an array including every key in properties."
    yield from (f"{context}{rule} Missing '{key}'." for key in properties if key not in required)
    yield from (
        f"{context}{rule} Extra required key '{key}' supplied." for key in required if str(key) not in properties
    )


def _children(schema: dict[str, JsonValue]) -> Iterator[tuple[Place, JsonValue, int]]:
    """Where each schema inside this one stands, the schema, and whether it lies a level deeper."""
    for keyword in ("properties", "$defs"):
        named = schema.get(keyword)
        if isinstance(named, dict):
            yield from (((keyword, key), child, 1) for key, child in named.items())
    if "items" in schema:
        yield ("items",), schema["items"], 0
    choices = schema.get("anyOf")
    if isinstance(choices, list):
        yield from ((("anyOf", str(number)), child, 0) for number, child in enumerate(choices))


def _count_properties(schema: JsonValue) -> int:
    if not isinstance(schema, dict):
        return 0
    named = schema.get("properties")
    own = len(named) if isinstance(named, dict) else 0
    return own + sum(_count_properties(child) for _, child, _ in _children(schema))
