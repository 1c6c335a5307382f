"""A server for tests that speaks OpenAI's chat completions over HTTP, as each test scripts it."""

from tests.openai_server.models import ServerKind
from tests.openai_server.replies import (
    Content,
    Cut,
    Failure,
    Filtered,
    Held,
    Raw,
    Refusal,
    Reply,
    StreamFailure,
    Truncated,
    content_of,
    insufficient_quota,
    rate_limited,
    server_error,
)
from tests.openai_server.requests import ChatRequest
from tests.openai_server.server import OpenAIServer, RecordedRequest

__all__ = [
    "ChatRequest",
    "Content",
    "Cut",
    "Failure",
    "Filtered",
    "Held",
    "OpenAIServer",
    "Raw",
    "RecordedRequest",
    "Refusal",
    "Reply",
    "ServerKind",
    "StreamFailure",
    "Truncated",
    "content_of",
    "insufficient_quota",
    "rate_limited",
    "server_error",
]
