"""What goes wrong on the way, as the real client sees it."""

import json

import pytest
from openai import APIConnectionError, APIError, APITimeoutError, InternalServerError, OpenAI, RateLimitError
from openai.types.chat import ChatCompletionUserMessageParam

from tests.openai_server import (
    Content,
    Cut,
    Held,
    OpenAIServer,
    Raw,
    StreamFailure,
    insufficient_quota,
    rate_limited,
    server_error,
)

SAID: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Good morning."}]


def ask(client: OpenAI) -> str | None:
    return client.chat.completions.create(model="gpt-4o-mini", messages=SAID).choices[0].message.content


def test_a_rate_limit_says_how_long_to_wait(server: OpenAIServer, client: OpenAI) -> None:
    server.script(rate_limited(retry_after=1.5, kind="tokens"))
    with pytest.raises(RateLimitError) as raised:
        ask(client)
    headers = raised.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("2", "1500")
    assert (raised.value.code, raised.value.type) == ("rate_limit_exceeded", "tokens")


def test_an_account_without_credit_is_told_apart_from_a_rate_limit(server: OpenAIServer, client: OpenAI) -> None:
    server.script(insufficient_quota())
    with pytest.raises(RateLimitError) as raised:
        ask(client)
    assert (raised.value.code, raised.value.type) == ("insufficient_quota", "insufficient_quota")
    assert "retry-after" not in raised.value.response.headers


@pytest.mark.parametrize("status", [500, 502, 503])
def test_the_servers_own_faults_have_their_status(server: OpenAIServer, client: OpenAI, status: int) -> None:
    server.script(server_error(status))
    with pytest.raises(InternalServerError) as raised:
        ask(client)
    assert raised.value.status_code == status
    assert raised.value.type == "server_error"
    assert str(raised.value.request_id).startswith("req_")


def test_the_clients_own_second_try_gets_the_next_reply(server: OpenAIServer, client: OpenAI) -> None:
    server.script(rate_limited(retry_after=0.001), Content("At last."))
    assert ask(client.with_options(max_retries=1)) == "At last."
    assert len(server.requests) == 2


def test_a_slow_answer_outlives_the_patience_of_the_client(server: OpenAIServer, client: OpenAI) -> None:
    server.script(Held(Content("Too late.")), Content("In time."))
    with pytest.raises(APITimeoutError):
        ask(client.with_options(timeout=1.0))
    assert ask(client) == "In time."


def test_a_stream_may_fall_silent_in_its_middle(server: OpenAIServer, client: OpenAI) -> None:
    held = Held(Content("The first half and the second half."), at="in_stream")
    server.script(held, Held(Content("Never."), at="in_stream"))
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=SAID, stream=True)
    assert next(stream).choices[0].delta.role == "assistant"
    held.release()
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(pieces) == "The first half and the second half."
    impatient = client.with_options(timeout=0.2)
    with pytest.raises(APITimeoutError):
        list(impatient.chat.completions.create(model="gpt-4o-mini", messages=SAID, stream=True))


def test_a_held_answer_comes_when_it_is_released(server: OpenAIServer, client: OpenAI) -> None:
    held = Held(Content("Now."))
    server.script(held)
    held.release()
    assert ask(client) == "Now."


@pytest.mark.parametrize("at", ["before_headers", "in_body"])
def test_a_cut_connection_is_no_answer(server: OpenAIServer, client: OpenAI, at: str) -> None:
    server.script(Cut("in_body" if at == "in_body" else "before_headers"), Content("Again."))
    with pytest.raises(APIConnectionError):
        ask(client)
    assert ask(client) == "Again."


def test_a_stream_that_is_cut_ends_in_an_error(server: OpenAIServer, client: OpenAI) -> None:
    server.script(Cut("in_body"))
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=SAID, stream=True)
    assert next(stream).choices[0].delta.role == "assistant"
    with pytest.raises(APIConnectionError):
        list(stream)


def test_a_stream_may_tell_of_an_error_itself(server: OpenAIServer, client: OpenAI) -> None:
    server.script(StreamFailure(message="Overloaded."))
    with pytest.raises(APIError, match="Overloaded"):
        list(client.chat.completions.create(model="gpt-4o-mini", messages=SAID, stream=True))


def test_a_body_may_be_no_json(server: OpenAIServer, client: OpenAI) -> None:
    server.script(Raw("<html>Welcome to the proxy</html>"))
    with pytest.raises(json.JSONDecodeError):
        ask(client)


def test_every_answer_shows_the_budgets(server: OpenAIServer, client: OpenAI) -> None:
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=SAID)
    assert answer.headers["x-ratelimit-limit-requests"] == "500"
    assert answer.headers["x-ratelimit-remaining-requests"] == "499"
    assert {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"} <= set(
        answer.headers
    )
