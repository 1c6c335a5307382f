"""Requests that the API refuses before any model sees them, in its words."""

import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tests.openai_server.models import Model, ServerKind, find_model
from tests.openai_server.replies import Failure
from tests.openai_server.requests import Body, ChatRequest, JsonSchema
from tests.openai_server.strictness import complaint
from tests.openai_server.tokens import prompt_tokens

_SCHEMA_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def refuse_key(authorization: str | None, api_key: str) -> Failure | None:
    """Refuse a missing key and a wrong one."""
    if not authorization:
        return Failure(401, "You didn't provide an API key.")
    given = authorization.removeprefix("Bearer ")
    if given != api_key:
        masked = f"{given[:8]}{'*' * 8}{given[-4:]}"
        return Failure(401, f"Incorrect API key provided: {masked}.", code="invalid_api_key")
    return None


def read_request(body: Body, kind: ServerKind, context_tokens: int | None = None) -> ChatRequest | Failure:
    """The request, or why it is refused; `context_tokens` takes the place of the model's own."""
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as error:
        return _shape_failure(error.errors()[0])
    if kind == "ollama":
        request = _without_schema(request)
    model = find_model(request.model, kind)
    if model is None:
        message = f"The model `{request.model}` does not exist or you do not have access to it."
        return Failure(404, message, code="model_not_found")
    refused = _refuse_messages(request) or _refuse_format(request, kind) or _refuse_options(request, model)
    return refused or _refuse_length(request, context_tokens or model.context_tokens) or request


def _shape_failure(error: ErrorDetails) -> Failure:
    """The first thing that is wrong with the body's shape."""
    param = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in error["loc"]).lstrip(".")
    match error["type"]:
        case "missing":
            return Failure(
                400, f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param
            )
        case "extra_forbidden":
            return Failure(400, f"Unrecognized request argument supplied: {param}")
        case "literal_error":
            supported = error.get("ctx", {}).get("expected", "")
            message = f"Invalid value: '{error['input']}'. Supported values are: {supported}."
            return Failure(400, message, code="invalid_value", param=param)
        case _:
            return Failure(400, f"Invalid type for '{param}': {error['msg']}.", code="invalid_type", param=param)


def _refuse_messages(request: ChatRequest) -> Failure | None:
    if not request.messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        return Failure(400, message, code="empty_array", param="messages")
    return None


def _refuse_format(request: ChatRequest, kind: ServerKind) -> Failure | None:
    wanted = request.response_format
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return _refuse_silent_json(request) if kind == "openai" else None
    if kind != "openai":
        return _refuse_schemas(kind)
    if wanted.json_schema is None:
        param = "response_format.json_schema"
        return Failure(400, f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)
    return _refuse_schema(wanted.json_schema)


def _refuse_silent_json(request: ChatRequest) -> Failure | None:
    if "json" in request.prompt.lower():
        return None
    message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    return Failure(400, message, param="messages")


def _refuse_schema(wanted: JsonSchema) -> Failure | None:
    if not _SCHEMA_NAME.fullmatch(wanted.name):
        param = "response_format.json_schema.name"
        message = f"Invalid '{param}': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'."
        return Failure(400, message, code="invalid_value", param=param)
    found = complaint(wanted.name, wanted.definition) if wanted.strict else None
    return Failure(400, found, param="response_format") if found else None


def _without_schema(request: ChatRequest) -> ChatRequest:
    """The request as a server reads it that does not know of schemas, and says nothing."""
    is_schema = request.response_format is not None and request.response_format.type == "json_schema"
    return request.model_copy(update={"response_format": None}) if is_schema else request


def _refuse_schemas(kind: ServerKind) -> Failure | None:
    """What servers without structured output say to a JSON schema."""
    match kind:
        case "vllm":
            message = (
                "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
                "'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}]"
            )
            return Failure(400, message, type="BadRequestError", code=400, is_nested=False)
        case "llama.cpp":
            message = 'response_format type must be one of "text" or "json_object", but got: json_schema'
            return Failure(400, message, code=400)
        case _:
            return None


def _refuse_options(request: ChatRequest, model: Model) -> Failure | None:
    if request.stream_options is not None and not request.stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        return Failure(400, message, param="stream_options")
    if model.is_reasoning:
        return _refuse_reasoning_options(request)
    limit, asked = model.largest_answer_tokens, request.answer_limit
    if asked is not None and asked > limit:
        message = f"max_tokens is too large: {asked}. This model supports at most {limit} completion tokens."
        return Failure(400, message, code="invalid_value", param="max_tokens")
    return None


def _refuse_reasoning_options(request: ChatRequest) -> Failure | None:
    if request.max_tokens is not None:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        return Failure(400, message, code="unsupported_parameter", param="max_tokens")
    if request.temperature not in {None, 1.0}:
        message = (
            f"Unsupported value: 'temperature' does not support {request.temperature} with this model. "
            "Only the default (1) value is supported."
        )
        return Failure(400, message, code="unsupported_value", param="temperature")
    return None


def _refuse_length(request: ChatRequest, context_tokens: int) -> Failure | None:
    tokens = prompt_tokens(request)
    if tokens <= context_tokens:
        return None
    message = (
        f"This model's maximum context length is {context_tokens} tokens. However, your messages resulted in "
        f"{tokens} tokens. Please reduce the length of the messages."
    )
    return Failure(400, message, code="context_length_exceeded", param="messages")
