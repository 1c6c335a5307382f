"""Requests that the API refuses, as the real client sees it."""

from typing import Any

import pytest
from openai import APIStatusError, AuthenticationError, BadRequestError, NotFoundError, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionUserMessageParam

from tests.openai_server import OpenAIServer, ServerKind

SAID: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Good morning."}]
STRICT = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "kind": {"type": "string", "enum": ["a", "b"]}},
    "required": ["summary", "kind"],
    "additionalProperties": False,
}


def ask(client: OpenAI, model: str = "gpt-4o-mini", **options: Any) -> str | None:
    completion: ChatCompletion = client.chat.completions.create(model=model, messages=SAID, **options)
    return completion.choices[0].message.content


def schema(definition: dict[str, object], *, strict: bool = True, name: str = "minutes") -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": name, "strict": strict, "schema": definition}}


def nested(definition: dict[str, object]) -> dict[str, object]:
    return {**STRICT, "properties": {"inner": definition}, "required": ["inner"]}


def refusal(client: OpenAI, **options: Any) -> APIStatusError:
    with pytest.raises(BadRequestError) as raised:
        ask(client, **options)
    return raised.value


def test_a_wrong_key_is_refused_and_not_shown(server: OpenAIServer, client: OpenAI) -> None:
    with pytest.raises(AuthenticationError, match="Incorrect API key") as raised:
        ask(client.with_options(api_key="sk-wrong-0123456789abcdef"))
    assert raised.value.code == "invalid_api_key"
    assert "0123456789" not in raised.value.message


def test_a_missing_key_is_refused(client: OpenAI) -> None:
    with pytest.raises(AuthenticationError, match="didn't provide an API key"):
        ask(client, extra_headers={"Authorization": ""})


def test_a_model_that_does_not_exist_is_not_found(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="does not exist") as raised:
        ask(client, model="gpt-0")
    assert raised.value.code == "model_not_found"


def test_a_strict_schema_is_taken(client: OpenAI) -> None:
    assert ask(client, response_format=schema(STRICT)) == '{"summary": "Nothing was said.", "kind": "a"}'


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({**STRICT, "additionalProperties": True}, "In context=(), 'additionalProperties' is required"),
        ({**STRICT, "required": ["summary"]}, "every key in properties. Missing 'kind'"),
        ({**STRICT, "type": "array"}, "schema must be a JSON Schema of 'type: \"object\"'"),
        (nested({"type": "string", "maxLength": 5}), "In context=('properties', 'inner'), 'maxLength' is not perm"),
        (nested({"type": "string", "default": "x"}), "'default' is not permitted"),
        (nested({"description": "anything"}), "schema must have a 'type' key"),
        (nested({"type": "array"}), "array schema missing items"),
        (nested({"type": "array", "items": {"type": "object"}}), "In context=('properties', 'inner', 'items'), 'addi"),
        (nested({"$ref": "#/$defs/Other", "description": "x"}), "$ref cannot have keywords {'description'}"),
    ],
)
def test_a_strict_schema_keeps_the_rules(client: OpenAI, broken: dict[str, object], complaint: str) -> None:
    error = refusal(client, response_format=schema(broken))
    assert complaint in error.message
    assert error.param == "response_format"


def test_a_schema_that_is_not_strict_is_not_looked_at(client: OpenAI) -> None:
    loose: dict[str, object] = {"type": "object", "properties": {"summary": {"type": "string"}}}
    assert ask(client, response_format=schema(loose, strict=False))


def test_json_has_to_be_spoken_of(client: OpenAI) -> None:
    error = refusal(client, response_format={"type": "json_object"})
    assert "must contain the word 'json'" in error.message


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"response_format": {"type": "yaml"}}, "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "missing_required_parameter"),
        ({"response_format": schema(STRICT, name="the minutes")}, "invalid_value"),
        ({"extra_body": {"messages": []}}, "empty_array"),
        ({"extra_body": {"messages": 5}}, "invalid_type"),
        ({"extra_body": {"personas": 5}}, None),
        ({"extra_body": {"stream_options": {"include_usage": True}}}, None),
        ({"max_tokens": 20_000}, "invalid_value"),
        ({"model": "gpt-5", "max_tokens": 100}, "unsupported_parameter"),
        ({"model": "gpt-5-mini", "temperature": 0}, "unsupported_value"),
    ],
)
def test_a_wrong_parameter_has_its_code(client: OpenAI, options: dict[str, Any], code: str | None) -> None:
    assert refusal(client, **options).code == code


def test_a_prompt_that_is_too_long_is_refused() -> None:
    with (
        OpenAIServer(context_tokens=5) as server,
        OpenAI(base_url=server.url, api_key=server.api_key, max_retries=0) as client,
    ):
        assert refusal(client).code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("kind", "complaint"), [("vllm", "Input should be 'text' or 'json_object'"), ("llama.cpp", "but got: json_schema")]
)
def test_a_server_without_structured_output_refuses_a_schema(kind: ServerKind, complaint: str) -> None:
    with OpenAIServer(kind=kind) as server, OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
        assert complaint in refusal(client, model="qwen", response_format=schema(STRICT)).message
        assert ask(client, model="qwen", response_format={"type": "json_object"}) == "{}"


def test_another_server_overlooks_a_schema() -> None:
    with OpenAIServer(kind="ollama") as server, OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
        assert ask(client, model="llama3", response_format=schema(STRICT)) == "I have read 8 tokens."
