"""Data for a model: JSON that no text in it can end, on lines that no text in it can break."""

import json

from libs.common.speech import Frozen

_ESCAPED = str.maketrans({one: f"\\u{ord(one):04x}" for one in "<>&\u0085\u2028\u2029"})
"""What could look like the end of the data, or like the end of a line. In JSON they only occur inside of strings."""


def json_line(value: Frozen) -> str:
    """A value as one line of JSON without angle brackets."""
    return json.dumps(value.model_dump(mode="json", exclude_none=True), ensure_ascii=False).translate(_ESCAPED)


def block(name: str, *values: Frozen) -> str:
    """Values between two lines that name them; only we can write such lines."""
    return "\n".join([f"<{name}>", *map(json_line, values), f"</{name}>"])
