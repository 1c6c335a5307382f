"""Replicas that share an account share its budget, and the pauses that the server asks for."""

import pytest

from libs.common.errors import Postpone
from services.summarizer.engines.openai.errors import RateLimited
from tests.openai_server import OpenAIServer, rate_limited
from tests.unit.services.summarizer.openai.conversations import answer_of, engine_for, request_of

OTHER = request_of([("SPEAKER_00", "Hello again.")])


def test_a_request_over_the_budget_is_postponed_and_not_sent(server: OpenAIServer, redis_url: str) -> None:
    first, second = (engine_for(server, redis_url=redis_url, openai_requests_per_minute=1) for _ in range(2))
    answer_of(first, request_of())

    with pytest.raises(Postpone) as postponed:
        answer_of(second, OTHER)

    assert postponed.value.delay is not None
    assert 10 < postponed.value.delay <= 60
    assert len(server.requests) == 1


def test_a_request_counts_with_the_tokens_that_it_really_took(server: OpenAIServer, redis_url: str) -> None:
    engine = engine_for(server, redis_url=redis_url, openai_tokens_per_minute=12_000)

    for request in (request_of(), OTHER, request_of(names={})):
        answer_of(engine, request)

    assert len(server.requests) == 3, "three answers of the longest kind would be over the budget"


def test_a_refused_request_takes_no_tokens(server: OpenAIServer, redis_url: str) -> None:
    engine = engine_for(server, redis_url=redis_url, openai_tokens_per_minute=12_000)
    server.script(rate_limited())
    with pytest.raises(RateLimited):
        answer_of(engine, request_of())

    assert answer_of(engine, request_of()).findings is not None


def test_a_long_pause_holds_for_all_replicas(server: OpenAIServer, redis_url: str) -> None:
    first, second = (engine_for(server, redis_url=redis_url) for _ in range(2))
    server.script(rate_limited(retry_after=60))
    with pytest.raises(RateLimited):
        answer_of(first, request_of())

    with pytest.raises(Postpone) as postponed:
        answer_of(second, OTHER)

    assert postponed.value.delay is not None
    assert postponed.value.delay > 50
    assert len(server.requests) == 1


def test_another_model_has_a_budget_of_its_own(server: OpenAIServer, redis_url: str) -> None:
    server.script(rate_limited(retry_after=60))
    with pytest.raises(RateLimited):
        answer_of(engine_for(server, redis_url=redis_url), request_of())

    other = engine_for(server, redis_url=redis_url, openai_model="gpt-4.1-mini")

    assert answer_of(other, request_of()).findings is not None
