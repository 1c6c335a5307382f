"""What models read and write in one call, in tokens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Capacity:
    """The limits of one model."""

    context_tokens: int
    """Prompt and answer together."""

    answer_tokens: int
    """A sensible limit for an answer; thinking counts as one where a model thinks."""


_KNOWN = {
    "gpt-3.5-turbo": Capacity(16_385, 4_096),
    "gpt-4": Capacity(8_192, 2_048),
    "gpt-4-turbo": Capacity(128_000, 4_096),
    "gpt-4o": Capacity(128_000, 8_192),
    "gpt-4.1": Capacity(1_047_576, 8_192),
    "gpt-5-chat": Capacity(128_000, 8_192),
    "gpt-5": Capacity(400_000, 32_768),
    "o1": Capacity(200_000, 32_768),
    "o3": Capacity(200_000, 32_768),
    "o4": Capacity(200_000, 32_768),
}
"""By the beginning of the name; the longest that fits counts, so that `gpt-4o-mini` is no `gpt-4`."""

_UNKNOWN_CONTEXT_TOKENS = 4_096
"""Ollama's default, whatever the model could read; it cuts longer prompts without a word."""


def capacity(model: str, *, context_tokens: int | None, answer_tokens: int | None) -> Capacity:
    """What a model takes, as the settings say, or else as far as it is known."""
    known = max((name for name in _KNOWN if model.startswith(name)), key=len, default=None)
    context = context_tokens or (_KNOWN[known].context_tokens if known else _UNKNOWN_CONTEXT_TOKENS)
    answer = answer_tokens or (_KNOWN[known].answer_tokens if known else context // 4)
    return Capacity(context, min(answer, context // 2))
