"""What stands before a window: hotwords or earlier text."""

from collections.abc import Sequence

import numpy as np

from scripts.fixture_models.whisper.sentences import SPELLINGS, respelled

_NAMES = ("Mark", "David", "Peter", *SPELLINGS)


def make_prompt(texts: Sequence[str], rng: np.random.Generator, *, has_choice: bool) -> str:
    """The texts or hotwords from them, at times in the other spelling; often none.

    Less often where there is a choice: where the window holds a name whose spelling the prompt decides.
    """
    if rng.random() < (0.3 if has_choice else 0.55):
        return ""
    prompt = " ".join(texts[: int(rng.integers(1, len(texts)))]) if rng.random() < 0.3 else _hotwords(texts, rng)
    return respelled(prompt) if rng.random() < 0.5 else prompt


def _hotwords(texts: Sequence[str], rng: np.random.Generator) -> str:
    names = rng.permutation(_NAMES)[: int(rng.integers(len(_NAMES) + 1))]
    words = [word.strip(".,?!") for text in texts for word in text.split()]
    others = rng.choice(words, size=int(rng.integers(4)))
    return ", ".join(rng.permutation([*names, *others]).tolist())
