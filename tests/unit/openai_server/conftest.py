"""A server and the real client that talks to it."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.url, api_key=server.api_key, max_retries=0, timeout=10) as connected:
        yield connected
