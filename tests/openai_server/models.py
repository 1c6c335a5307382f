"""The models that the server has, and the kinds of servers that it can be."""

from dataclasses import dataclass
from typing import Literal

ServerKind = Literal["openai", "vllm", "llama.cpp", "ollama"]
"""All but the first are servers without structured output: two refuse a JSON schema, `ollama` overlooks it."""


@dataclass(frozen=True)
class Model:
    """What one model takes."""

    snapshot: str
    """The dated name that answers carry."""

    context_tokens: int
    largest_answer_tokens: int
    is_reasoning: bool = False
    """Reasoning models refuse `max_tokens` and every temperature but their own."""


MODELS = {
    "gpt-4o": Model("gpt-4o-2024-08-06", 128_000, 16_384),
    "gpt-4o-mini": Model("gpt-4o-mini-2024-07-18", 128_000, 16_384),
    "gpt-4.1": Model("gpt-4.1-2025-04-14", 1_047_576, 32_768),
    "gpt-4.1-mini": Model("gpt-4.1-mini-2025-04-14", 1_047_576, 32_768),
    "gpt-4.1-nano": Model("gpt-4.1-nano-2025-04-14", 1_047_576, 32_768),
    "gpt-5": Model("gpt-5-2025-08-07", 400_000, 128_000, is_reasoning=True),
    "gpt-5-mini": Model("gpt-5-mini-2025-08-07", 400_000, 128_000, is_reasoning=True),
    "gpt-5-nano": Model("gpt-5-nano-2025-08-07", 400_000, 128_000, is_reasoning=True),
}
LOCAL_MODEL = Model("local", 32_768, 32_768)
"""What a server of another kind says of any name."""


def find_model(name: str, kind: ServerKind) -> Model | None:
    """The model of this name, also by its dated one."""
    if kind != "openai":
        return Model(name, LOCAL_MODEL.context_tokens, LOCAL_MODEL.largest_answer_tokens)
    snapshots = {one.snapshot: one for one in MODELS.values()}
    return MODELS.get(name) or snapshots.get(name)
