"""Names and terms as Whisper is told of them: text before the text, of which only so much fits."""

import re
from collections.abc import Callable, Iterable, Sequence

MOST_TOKENS = 223
"""Half of Whisper's context of 448, less the token that begins it; what goes beyond is cut by faster-whisper."""

_CONTROL = re.compile(r"<\|.*?\|>")
"""What Whisper's tokenizer takes for an order of its own, also inside text."""


def distinct_terms(terms: Iterable[str]) -> list[str]:
    """The terms as mere text, in order, each once."""
    texts = (" ".join(_CONTROL.sub(" ", term).split()) for term in terms)
    return list(dict.fromkeys(text for text in texts if text))


def fitting_terms(terms: Sequence[str], count_tokens: Callable[[str], int]) -> Sequence[str]:
    """As many of the terms as fit, in order."""
    fitting = 0
    while fitting < len(terms) and count_tokens(joined(terms[: fitting + 1])) <= MOST_TOKENS:
        fitting += 1
    return terms[:fitting]


def joined(terms: Sequence[str]) -> str:
    """The terms as Whisper reads them."""
    return ", ".join(terms)
