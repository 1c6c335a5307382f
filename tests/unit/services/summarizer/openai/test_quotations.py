"""What a server says about a prompt reaches nobody in the words of the prompt."""

import httpx2
import openai
import pytest

from libs.common.errors import PipelineError
from services.summarizer.engines.openai.failures import failure

PROMPT = "u0001 Ana: The Zebulon merger is off, tell nobody."


def _error(status: int, message: str) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://model/v1/chat/completions")
    return openai.APIStatusError(message, response=httpx2.Response(status, request=request), body=None)


@pytest.mark.parametrize("status", [400, 402, 404, 429, 500])
def test_an_error_that_quotes_the_prompt_is_told_without_its_words(status: int) -> None:
    reason = failure(_error(status, f"cannot parse: {PROMPT}"), model="m", asked=PROMPT)
    assert isinstance(reason, PipelineError)
    assert "Zebulon" not in reason.message


def test_an_error_in_the_servers_own_words_is_told_with_them() -> None:
    reason = failure(_error(400, "your organization must be verified"), model="m", asked=PROMPT)
    assert isinstance(reason, PipelineError)
    assert "must be verified" in reason.message
