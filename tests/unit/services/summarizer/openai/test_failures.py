"""What may be repeated of a server's words."""

import openai

from libs.common.redaction import forget, hidden, hide
from services.summarizer.engines.openai.failures import said

KEY = "sk-canary0123456789abcdef"


def test_a_key_that_the_shortening_would_cut_is_hidden_before() -> None:
    before = set(hidden())
    hide([KEY])
    try:
        for length in range(260, 300):
            assert "sk-can" not in said(openai.OpenAIError(f"{'x' * length}{KEY}"))
    finally:
        forget(set(hidden()) - before)
