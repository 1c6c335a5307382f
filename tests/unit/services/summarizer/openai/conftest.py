from collections.abc import Iterator

import pytest

from tests.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """OpenAI itself."""
    with OpenAIServer() as running:
        yield running
