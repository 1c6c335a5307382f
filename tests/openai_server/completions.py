"""The bodies of answers: whole, and as the events of a stream."""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from tests.openai_server.replies import Content, Filtered, Refusal, Truncated
from tests.openai_server.requests import ChatRequest
from tests.openai_server.tokens import count_tokens, first_tokens, prompt_tokens

FinishReason = Literal["stop", "length", "content_filter"]
Body = dict[str, JsonValue]

_PIECE = 16
"""Characters of an answer that one event of a stream carries."""


@dataclass(frozen=True)
class Completion:
    """What the model said to a request."""

    model: str
    content: str | None
    refusal: str | None
    finish_reason: FinishReason
    prompt_tokens: int
    cached_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def usage(self) -> Body:
        """Tokens as the API reports them."""
        completion_tokens = count_tokens(self.content or self.refusal or "")
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": self.prompt_tokens + completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }

    def whole(self) -> Body:
        """The body of an answer in one piece."""
        message: Body = {"role": "assistant", "content": self.content, "refusal": self.refusal, "annotations": []}
        choice: Body = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return self._envelope("chat.completion", [choice]) | {"usage": self.usage}

    def events(self, *, with_usage: bool) -> Iterator[Body]:
        """The events of a stream; the last one has the tokens, if they were asked for."""
        beginning: Body = {"role": "assistant", "content": "", "refusal": None}
        for delta in (beginning, *self._deltas()):
            yield self._event(delta, None, with_usage=with_usage)
        yield self._event({}, self.finish_reason, with_usage=with_usage)
        if with_usage:
            yield self._envelope("chat.completion.chunk", []) | {"usage": self.usage}

    def _deltas(self) -> Iterator[Body]:
        name, text = ("refusal", self.refusal) if self.refusal else ("content", self.content or "")
        for start in range(0, len(text), _PIECE):
            yield {name: text[start : start + _PIECE]}

    def _event(self, delta: Body, finish_reason: FinishReason | None, *, with_usage: bool) -> Body:
        choice: Body = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage: Body = {"usage": None} if with_usage else {}
        return self._envelope("chat.completion.chunk", [choice]) | usage

    def _envelope(self, name: str, choices: list[JsonValue]) -> Body:
        return {
            "id": self.id,
            "object": name,
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "service_tier": "default",
            "system_fingerprint": "fp_test",
        }


def complete(request: ChatRequest, snapshot: str, reply: Content | Truncated | Refusal | Filtered) -> Completion:
    """What the scripted reply comes to under the request's own limit of tokens."""
    limit = request.answer_limit
    text, finish_reason = reply.text, _FINISH_REASONS[type(reply)]
    if limit is not None and count_tokens(text) > limit:
        text, finish_reason = first_tokens(text, limit), "length"
    is_refusal = isinstance(reply, Refusal)
    return Completion(
        model=snapshot,
        content=None if is_refusal else text,
        refusal=text if is_refusal else None,
        finish_reason=finish_reason,
        prompt_tokens=prompt_tokens(request),
        cached_tokens=reply.cached_tokens if isinstance(reply, Content) else 0,
    )


def server_sent(event: Body | str) -> bytes:
    """One event of a stream as it goes over the wire."""
    return f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()


_FINISH_REASONS: dict[type, FinishReason] = {
    Content: "stop",
    Refusal: "stop",
    Truncated: "length",
    Filtered: "content_filter",
}
