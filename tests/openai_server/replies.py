"""What a test may script: how the server replies to one request."""

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, JsonValue


@dataclass(frozen=True)
class Content:
    """The model answers in full, unless the request's own limit of tokens cuts it."""

    text: str
    cached_tokens: int = 0
    """The part of the prompt that counts as read before."""


@dataclass(frozen=True)
class Truncated:
    """The answer ends in the middle: `finish_reason` is `length`."""

    text: str


@dataclass(frozen=True)
class Refusal:
    """The model declines to answer."""

    text: str = "I'm sorry, I can't assist with that."


@dataclass(frozen=True)
class Filtered:
    """The content filter stopped the answer: `finish_reason` is `content_filter`."""

    text: str = ""


@dataclass(frozen=True)
class Failure:
    """An error of the API, in its own words."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | int | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_nested: bool = True
    """Whether the body has it under `error`; old releases of vLLM put it at the top."""


@dataclass(frozen=True)
class Cut:
    """The connection breaks: before the headers, or in the middle of the body or stream that carries `text`."""

    at: Literal["before_headers", "in_body"] = "before_headers"
    text: str = "An answer that never comes to its end."


@dataclass(frozen=True)
class StreamFailure:
    """An event of the stream is an error, after the first half of `text`; without a stream it is a 500."""

    text: str = "An answer that never comes to its end."
    message: str = "The server had an error while processing your request. Sorry about that!"


@dataclass(frozen=True)
class Raw:
    """A body that is not what the protocol promises."""

    body: str
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True)
class Held:
    """A reply that waits until the test releases it, or until the server ends."""

    reply: "Immediate"
    gate: threading.Event = field(default_factory=threading.Event)
    at: Literal["before_headers", "in_stream"] = "before_headers"
    """In a stream, the first half of the events goes out at once."""

    def release(self) -> None:
        """Let the reply go."""
        self.gate.set()


Immediate = Content | Truncated | Refusal | Filtered | Failure | Cut | StreamFailure | Raw
Reply = Immediate | Held


def content_of(value: BaseModel | JsonValue, *, cached_tokens: int = 0) -> Content:
    """An answer that is this value as JSON."""
    text = value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value)
    return Content(text, cached_tokens=cached_tokens)


def rate_limited(*, retry_after: float | None = None, kind: Literal["requests", "tokens"] = "requests") -> Failure:
    """429 `rate_limit_exceeded`; with `retry_after` seconds in both headers that clients read."""
    headers: dict[str, str] = {}
    if retry_after is not None:
        headers = {"retry-after": str(math.ceil(retry_after)), "retry-after-ms": str(round(retry_after * 1000))}
    unit = "RPM" if kind == "requests" else "TPM"
    message = f"Rate limit reached for the model in organization org-test on {kind} per min ({unit})."
    return Failure(429, message, type=kind, code="rate_limit_exceeded", headers=headers)


def insufficient_quota() -> Failure:
    """429 as well, but waiting does not help: the account has no credit."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return Failure(429, message, type="insufficient_quota", code="insufficient_quota")


def server_error(status: int = 500) -> Failure:
    """500, 502 or 503, as the API words them."""
    messages = {
        500: "The server had an error while processing your request. Sorry about that!",
        502: "Bad gateway.",
        503: "The engine is currently overloaded, please try again later.",
    }
    return Failure(status, messages[status], type="server_error")
