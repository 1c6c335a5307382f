"""What the server's errors mean for a unit: wait, give up, or ask for less at once."""

import email.utils
import math
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import openai

from libs.common.errors import PipelineError
from libs.common.redaction import redacted
from services.summarizer.engines.openai.errors import (
    KeyRejected,
    ModelOutOfReach,
    ModelUnknown,
    QuotaExhausted,
    RateLimited,
    Refused,
    RequestRejected,
)

_LONGEST_DELAY = 3600.0
"""After that we look again, whatever the server says."""

_TEXT_LENGTH = 300
_TOO_LONG = (
    "context_length_exceeded",
    "context length",
    "context size",
    "context window",
    "too many tokens",
    "request too large",
)
"""The last is a 429 for what exceeds the budget of a whole minute: no patience would help."""

_WORD = re.compile(r"\w+")
_QUOTED = 3
"""So many words in a row that an error has in common with the prompt are a quotation."""

_PASSING = frozenset({408, 409, 425})


@dataclass(frozen=True)
class PromptTooLong:
    """The server says that the prompt does not fit into the model's context: no error, but a smaller call."""

    said: str


def failure(error: openai.OpenAIError, *, model: str, asked: str = "") -> PipelineError | PromptTooLong:
    """Our error for one of the client's; `asked`: the prompt, which it must not quote."""
    words = said(error, asked)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, model, words)
    if isinstance(error, openai.APIConnectionError):  # a timeout is one
        place = error.request.url.netloc.decode()
        return ModelOutOfReach(
            f"the server of {model} cannot be reached at {place}: {words} "
            "See that it runs and that OPENAI_BASE_URL names it."
        )
    if _is_about(error, *_TOO_LONG):
        return PromptTooLong(words)
    if _is_about(error, "insufficient_quota"):
        return QuotaExhausted(f"the account that pays for {model} is out of credit: {words}")
    return ModelOutOfReach(f"the server of {model} broke off: {words}")


def said(error: openai.OpenAIError, asked: str = "") -> str:
    """What the server says, shortened after its secrets are hidden: a part of one would not be known.

    Where it quotes the prompt it is left out.
    """
    if _runs_of_words(str(error)) & _runs_of_words(asked):
        return f"{type(error).__name__}, in words that quote the prompt"
    return redacted(str(error))[:_TEXT_LENGTH]


def _runs_of_words(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return set(zip(*(words[start:] for start in range(_QUOTED)), strict=False))


def complaint(error: openai.OpenAIError) -> str:
    """What the server finds wrong with a request, with the parameter that it names."""
    return f"{error} {getattr(error, 'param', '')}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, as far as it says, and a little more for each replica."""
    try:
        delay = float(headers.get("retry-after-ms", "")) / 1000
    except ValueError:
        delay = _seconds(headers.get("retry-after", ""))
    if not math.isfinite(delay) or delay < 0:
        return None
    delay = min(delay, _LONGEST_DELAY)
    return delay + random.uniform(0, min(0.5 + delay / 10, 10.0))  # noqa: S311 - spreads load, hides nothing


def _seconds(text: str) -> float:
    """Of a number, or until a date of HTTP."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return math.nan


def _of_status(error: openai.APIStatusError, model: str, words: str) -> PipelineError | PromptTooLong:
    delay = retry_after(error.response.headers)
    match error.status_code:
        case 401 | 403:
            # The server may repeat the key, so its words stay out.
            return KeyRejected(f"the server of {model} rejects OPENAI_API_KEY ({error.status_code}): set a valid one")
        case 404:
            cure = "set OPENAI_MODEL, or OPENAI_BASE_URL up to and with its /v1"
            return ModelUnknown(f"the server has no model {model}: {cure}; {words}")
        case 402 | 429 if error.status_code == 402 or _is_about(error, "insufficient_quota"):
            return QuotaExhausted(f"the account that pays for {model} is out of credit: {words}")
        case 429 if not _is_about(error, *_TOO_LONG):
            return RateLimited(f"{model} is limited: {words}", delay=delay)
        case status if status >= 500 or status in _PASSING:
            return ModelOutOfReach(f"the server of {model} is out of order: {words}", delay=delay)
        case _:
            return _of_request(error, model, words)


def _of_request(error: openai.APIStatusError, model: str, words: str) -> PipelineError | PromptTooLong:
    if error.status_code == 413 or _is_about(error, *_TOO_LONG):
        return PromptTooLong(words)
    if _is_about(error, "content_filter", "content management policy"):
        return Refused(f"a filter before {model} declines the prompt: {words}")
    return RequestRejected(f"the server of {model} rejects the request: {words}")


def _is_about(error: openai.APIError | openai.OpenAIError, *words: str) -> bool:
    told = f"{error} {getattr(error, 'code', '')} {getattr(error, 'type', '')}".lower()
    return any(one in told for one in words)
