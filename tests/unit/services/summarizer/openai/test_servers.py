"""What servers may do to a call: errors, silence, broken connections, and how each of them ends."""

import json
from collections.abc import Callable
from typing import Literal

import pytest
from pydantic import SecretStr

from libs.common.errors import InvalidSettings, Postpone
from libs.common.settings import read_settings
from services.summarizer.engines import load_engine
from services.summarizer.engines.openai.errors import (
    AnswerInvalid,
    KeyRejected,
    ModelOutOfReach,
    ModelUnknown,
    QuotaExhausted,
    RateLimited,
    Refused,
    RequestRejected,
)
from services.summarizer.settings import SummarizerSettings
from tests.openai_server import (
    Content,
    Cut,
    Failure,
    Filtered,
    Held,
    OpenAIServer,
    Raw,
    Refusal,
    Reply,
    ServerKind,
    StreamFailure,
    Truncated,
    content_of,
    insufficient_quota,
    rate_limited,
    server_error,
)
from tests.unit.services.summarizer.openai.conversations import (
    answer_of,
    engine_for,
    findings_in,
    one_call,
    reply_of,
    request_of,
    stated,
)


def event(text: str, finish_reason: str | None = None, **fields: object) -> str:
    """One event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return json.dumps(
        {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]} | fields
    )


def usage_of(prompt: int | None, answer: int | None) -> dict[str, int | None]:
    """Tokens, as a server says them."""
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": None}


def streamed(*events: str) -> Raw:
    """A stream of these events and its proper end."""
    return Raw("".join(f"data: {one}\n\n" for one in (*events, "[DONE]")), content_type="text/event-stream")


GOOD = content_of(reply_of(decisions=[stated("Buy the server", "u0003")]))


def test_neither_key_nor_server_refuses_to_start_with_the_cure() -> None:
    settings = SummarizerSettings(summarizer_engine="openai", openai_api_key=None, openai_base_url=None)

    with pytest.raises(InvalidSettings, match=r"OPENAI_API_KEY.*OPENAI_BASE_URL.*SUMMARIZER_ENGINE=extractive"):
        load_engine(settings)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:11434", "ftp://models/v1", "http://", "http://[::1/v1", "http://host:port/v1"]
)
def test_an_address_of_no_server_refuses_to_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARIZER_ENGINE", "openai")
    monkeypatch.setenv("OPENAI_BASE_URL", url)

    with pytest.raises(InvalidSettings, match="OPENAI_BASE_URL is no address"):
        read_settings(SummarizerSettings)


@pytest.mark.parametrize("key", [" ", "sk-a sk-b", "sk-ä", "sk-a\nsk-b"])
def test_what_is_no_key_refuses_to_start_and_is_not_shown(key: str) -> None:
    settings = SummarizerSettings(summarizer_engine="openai", openai_api_key=SecretStr(key))

    with pytest.raises(InvalidSettings, match="OPENAI_API_KEY") as refused:
        load_engine(settings)
    assert "sk-" not in str(refused.value)


def test_a_key_may_come_from_a_file_with_its_last_line_end(server: OpenAIServer) -> None:
    server.script(GOOD)

    assert findings_in(engine_for(server, openai_api_key=f"{server.api_key}\n"), request_of()).decisions


def test_a_server_of_our_own_needs_no_key() -> None:
    with OpenAIServer(kind="vllm") as server:
        server.script(GOOD)
        findings = findings_in(engine_for(server, openai_api_key=None), request_of())

    assert [one.text for one in findings.decisions] == ["Buy the server"]


def test_a_wrong_key_is_named_and_not_shown(server: OpenAIServer) -> None:
    with pytest.raises(KeyRejected, match="OPENAI_API_KEY") as rejected:
        answer_of(engine_for(server, openai_api_key="sk-wrong-0123456789"), request_of())

    assert not rejected.value.retryable
    assert "sk-w" not in str(rejected.value)


def test_an_unknown_model_is_named_with_the_setting(server: OpenAIServer) -> None:
    with pytest.raises(ModelUnknown, match=r"gpt-9.*OPENAI_MODEL") as unknown:
        answer_of(engine_for(server, openai_model="gpt-9"), request_of())

    assert not unknown.value.retryable


@pytest.mark.parametrize("reply", [insufficient_quota(), Failure(402, "Insufficient balance.")])
def test_an_account_without_credit_is_not_waited_for(server: OpenAIServer, reply: Reply) -> None:
    server.script(reply)

    with pytest.raises(QuotaExhausted) as exhausted:
        answer_of(engine_for(server), request_of())
    assert not isinstance(exhausted.value, Postpone)


def test_a_short_pause_is_waited_for_in_the_call(server: OpenAIServer) -> None:
    server.script(rate_limited(retry_after=0.05), GOOD)

    assert findings_in(engine_for(server), request_of()).decisions
    first, second = server.requests
    assert second.received_at - first.received_at >= 0.05


def test_a_long_pause_postpones_the_unit_for_as_long(server: OpenAIServer) -> None:
    server.script(rate_limited(retry_after=60))

    with pytest.raises(RateLimited) as limited:
        answer_of(engine_for(server), request_of())
    assert limited.value.delay is not None
    assert 60 <= limited.value.delay <= 70
    assert len(server.requests) == 1


def test_a_limit_without_a_time_leaves_the_wait_to_the_runtime(server: OpenAIServer) -> None:
    server.script(rate_limited())

    with pytest.raises(RateLimited) as limited:
        answer_of(engine_for(server), request_of())
    assert limited.value.delay is None


def test_short_pauses_come_to_an_end(server: OpenAIServer) -> None:
    server.answer_with(lambda _request: rate_limited(retry_after=0.01))

    with pytest.raises(RateLimited):
        answer_of(engine_for(server), request_of())
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "reply",
    [
        server_error(500),
        server_error(502),
        server_error(503),
        Failure(408, "Timed out."),
        Cut("before_headers"),
        Cut("in_body"),
        StreamFailure(),
        streamed("{never"),
        streamed("5"),
        streamed(event(GOOD.text)),
        Raw("<html>welcome to the network</html>", content_type="text/html"),
    ],
    ids=lambda one: f"{type(one).__name__}-{getattr(one, 'status', getattr(one, 'at', ''))}",
)
def test_a_server_out_of_order_postpones_the_unit_and_is_asked_once(server: OpenAIServer, reply: Reply) -> None:
    server.script(reply)

    with pytest.raises(ModelOutOfReach) as broken:
        answer_of(engine_for(server), request_of())
    assert isinstance(broken.value, Postpone)
    assert len(server.requests) == 1


def test_an_overloaded_server_says_when_to_come_back(server: OpenAIServer) -> None:
    server.script(Failure(503, "Overloaded.", headers={"retry-after": "30"}))

    with pytest.raises(ModelOutOfReach) as broken:
        answer_of(engine_for(server), request_of())
    assert broken.value.delay is not None
    assert broken.value.delay >= 30


def test_a_server_that_is_not_there_postpones_the_unit_and_is_named() -> None:
    with OpenAIServer() as server:
        engine = engine_for(server)

    place = server.url.removeprefix("http://").removesuffix("/v1")
    with pytest.raises(ModelOutOfReach, match=f"at {place}: .* OPENAI_BASE_URL"):
        answer_of(engine, request_of())


@pytest.mark.parametrize("at", ["before_headers", "in_stream"])
def test_a_silent_server_is_not_waited_for_longer_than_its_timeout(
    server: OpenAIServer, at: Literal["before_headers", "in_stream"]
) -> None:
    server.script(Held(GOOD, at=at))

    with pytest.raises(ModelOutOfReach, match="timed out"):
        answer_of(engine_for(server, openai_timeout=0.2), request_of())


@pytest.mark.parametrize("reply", [Refusal(), Filtered(), Filtered("They talked about")])
def test_a_refusal_is_final(server: OpenAIServer, reply: Reply) -> None:
    server.script(reply)

    with pytest.raises(Refused) as refused:
        answer_of(engine_for(server), request_of())
    assert not refused.value.retryable
    assert len(server.requests) == 1


def test_a_request_that_the_server_calls_wrong_is_not_repeated(server: OpenAIServer) -> None:
    server.script(Failure(400, "Your organization must be verified."))

    with pytest.raises(RequestRejected, match="must be verified"):
        answer_of(engine_for(server), request_of())
    assert len(server.requests) == 1


def test_an_answer_that_breaks_the_schema_is_repaired_once_with_its_fault(server: OpenAIServer) -> None:
    server.script(content_of({"summary": 5}), GOOD)

    answer = answer_of(engine_for(server), request_of())

    repair = server.requests[1].chat.messages
    assert [one.role for one in repair] == ["system", "user", "assistant", "user"]
    assert "summary: Input should be a valid string" in repair[3].text
    assert (answer.usage.calls, answer.findings is not None) == (2, True)


def test_an_answer_that_stays_wrong_fails_with_a_code(server: OpenAIServer) -> None:
    server.answer_with(lambda _request: Content("I would rather talk about the weather."))

    with pytest.raises(AnswerInvalid) as invalid:
        answer_of(engine_for(server), request_of())
    assert (invalid.value.code, invalid.value.retryable) == ("minutes_answer_invalid", False)
    assert len(server.requests) == 2


def test_what_a_model_writes_into_names_of_fields_is_not_quoted_at_length(server: OpenAIServer) -> None:
    named = "Anna says that she is ill. " * 100
    server.answer_with(lambda _request: content_of(reply_of(**{named: []})))

    with pytest.raises(AnswerInvalid, match="Extra inputs are not permitted") as invalid:
        answer_of(engine_for(server), request_of())
    assert len(invalid.value.message) < 300


@pytest.mark.parametrize(
    ("kind", "forms"),
    [
        ("openai", ["json_schema", "json_schema"]),
        ("vllm", ["json_schema", "json_object", "json_object"]),
        ("llama.cpp", ["json_schema", "json_object", "json_object"]),
    ],
)
def test_what_a_server_does_not_understand_is_asked_for_once_per_process(kind: ServerKind, forms: list[str]) -> None:
    with OpenAIServer(kind=kind) as server:
        engine = engine_for(server)
        for persona_lines in (request_of(), request_of([("SPEAKER_00", "Hello again.")])):
            assert answer_of(engine, persona_lines).findings is not None

    assert [one.body["response_format"]["type"] for one in server.requests] == forms


def test_a_server_that_overlooks_the_schema_gets_it_in_the_prompt() -> None:
    with OpenAIServer(kind="ollama") as server:
        server.script(Content("Here are your minutes: they talked."))
        engine = engine_for(server)
        assert answer_of(engine, request_of()).findings is not None
        assert answer_of(engine, request_of([("SPEAKER_00", "Hello again.")])).findings is not None

    assert [one.body["response_format"]["type"] for one in server.requests] == [
        "json_schema",
        "json_object",
        "json_object",
    ]
    assert '"summary_evidence"' in server.requests[2].chat.messages[0].text


def test_a_server_that_knows_no_formats_answers_in_plain_text(server: OpenAIServer) -> None:
    plain = Failure(400, "Unknown field: response_format")
    server.script(plain, plain, Content(f"Sure!\n```json\n{GOOD.text}\n```\nAnything else?"))

    assert findings_in(engine_for(server), request_of()).decisions
    assert "response_format" not in server.requests[2].body


@pytest.mark.parametrize(
    ("complaint", "removed", "instead"),
    [
        ("Unsupported parameter: 'max_tokens'.", "max_tokens", None),
        ("Unsupported value: 'temperature' does not support 0.0.", "temperature", None),
        ("Extra inputs are not permitted: stream_options", "stream_options", None),
    ],
)
def test_a_parameter_that_a_server_refuses_is_left_out(
    server: OpenAIServer, complaint: str, removed: str, instead: None
) -> None:
    server.script(Failure(400, complaint), GOOD)

    assert findings_in(engine_for(server), request_of()).decisions
    first, second = server.requests
    assert removed in first.body
    assert removed not in second.body


def test_reasoning_models_get_the_parameters_that_they_take(server: OpenAIServer) -> None:
    server.script(GOOD)

    assert findings_in(engine_for(server, openai_model="gpt-5-mini"), request_of()).decisions


def test_tokens_are_counted_and_priced_by_call(server: OpenAIServer) -> None:
    server.script(content_of(reply_of(), cached_tokens=100))

    usage = answer_of(engine_for(server), request_of()).usage

    assert (usage.calls, usage.cached_calls, usage.cached_input_tokens) == (1, 0, 100)
    assert usage.input_tokens > 100
    assert usage.cost_usd == pytest.approx(
        ((usage.input_tokens - 100) * 0.15 + 100 * 0.075 + usage.output_tokens * 0.60) / 1e6
    )


def test_a_model_without_a_price_has_no_cost() -> None:
    with OpenAIServer(kind="vllm") as server:
        usage = answer_of(engine_for(server, openai_model="our-own"), request_of()).usage

    assert usage.cost_usd is None
    assert usage.output_tokens > 0


def test_a_server_that_names_no_model_is_paid_for_the_one_that_was_asked(server: OpenAIServer) -> None:
    server.script(streamed(event(GOOD.text, "stop", model=None, usage=usage_of(900, 100))))

    assert answer_of(engine_for(server), request_of()).usage.cost_usd == pytest.approx((900 * 0.15 + 100 * 0.60) / 1e6)


@pytest.mark.parametrize("tokens", [(900, None), (None, 100), (None, None)])
def test_tokens_that_are_said_by_half_count_as_not_said(
    server: OpenAIServer, redis_url: str, tokens: tuple[int | None, int | None]
) -> None:
    server.script(streamed(event(GOOD.text, "stop", usage=usage_of(*tokens))))

    answer = answer_of(engine_for(server, redis_url=redis_url), request_of())

    assert answer.findings is not None
    assert (answer.usage.calls, answer.usage.input_tokens, answer.usage.cost_usd) == (1, 0, None)


def test_an_answer_names_the_model_as_the_server_does(server: OpenAIServer) -> None:
    engine = engine_for(server)

    assert answer_of(engine, request_of()).model == "gpt-4o-mini-2024-07-18"
    assert engine.info.models["minutes"] == "gpt-4o-mini"


def test_a_server_that_reads_less_than_it_was_given_is_reported(server: OpenAIServer) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    server.script(streamed(event(GOOD.text, "stop", usage=usage)))

    answer = answer_of(engine_for(server), request_of())

    assert [one.code for one in answer.caveats] == ["minutes_prompt_cut"]


def test_a_prompt_of_no_tokens_is_one_that_the_server_does_not_count(server: OpenAIServer) -> None:
    server.script(streamed(event(GOOD.text, "stop", usage=usage_of(0, 9))))

    answer = answer_of(engine_for(server), request_of())

    assert (answer.caveats, answer.is_read) == ((), True)


def test_an_answer_without_end_is_left(server: OpenAIServer) -> None:
    server.script(streamed(*[event("and so on ")] * 2_000))

    assert answer_of(engine_for(server, openai_answer_tokens=256), request_of()).findings is None


@pytest.mark.parametrize(
    "reply",
    [
        Truncated('{"summary": "They'),
        Failure(400, "x", code="context_length_exceeded"),
        Failure(413, "Payload too large."),
        Failure(429, "Request too large on tokens per min (TPM): Limit 9, Requested 10.", code="rate_limit_exceeded"),
    ],
)
def test_what_does_not_fit_is_no_error(server: OpenAIServer, reply: Reply) -> None:
    server.script(reply)

    answer = answer_of(engine_for(server), request_of())

    assert answer.findings is None
    assert answer.usage.calls == 1
    assert answer.usage.cost_usd is not None


def test_the_question_depends_on_everything_that_the_answer_depends_on(server: OpenAIServer) -> None:
    engine, request = engine_for(server), request_of()
    persona = request.persona.model_copy(update={"instructions": "Be brief."})
    others: list[Callable[[], str]] = [
        lambda: one_call(engine, request_of(persona=persona)).digest,
        lambda: one_call(engine, request_of(names={})).digest,
        lambda: one_call(engine, request_of(day=None)).digest,
        lambda: one_call(engine_for(server, openai_answer_tokens=500), request).digest,
        lambda: one_call(engine_for(server, openai_base_url=f"{server.url}/other"), request).digest,
    ]

    assert len({one_call(engine, request).digest, *(other() for other in others)}) == 6
    assert one_call(engine_for(server), request_of()) == one_call(engine, request)
