"""Tokens, counted so that a test can foretell them: four bytes of UTF-8 are one, and a message costs four more."""

from tests.openai_server.requests import ChatRequest

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


def count_tokens(text: str) -> int:
    """The tokens of a text, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def prompt_tokens(request: ChatRequest) -> int:
    """The tokens of all messages; a schema is not counted."""
    return sum(count_tokens(message.text) + TOKENS_PER_MESSAGE for message in request.messages)


def first_tokens(text: str, limit: int) -> str:
    """The beginning of a text that has so many tokens at most."""
    return text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore")
