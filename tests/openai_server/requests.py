"""Requests for chat completions, as the API reads them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class TextPart(BaseModel):
    """A part of a message; other parts than text are not for minutes."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "assistant", "user", "function", "tool", "developer"]
    content: str | list[TextPart] | None = None
    name: str | None = None
    refusal: str | None = None

    @property
    def text(self) -> str:
        """All its text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class JsonSchema(BaseModel):
    """The schema that an answer is to follow."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    definition: dict[str, JsonValue] = Field(alias="schema", default_factory=dict)
    strict: bool | None = None
    description: str | None = None


class ResponseFormat(BaseModel):
    """What an answer is to be."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(BaseModel):
    """What a stream is to carry beside the answer."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`; a parameter that the API does not know is refused."""

    model_config = ConfigDict(extra="forbid")

    model: str
    messages: list[Message]
    response_format: ResponseFormat | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    user: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    logprobs: bool | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None

    @property
    def prompt(self) -> str:
        """All that was said to the model."""
        return "\n".join(message.text for message in self.messages)

    @property
    def answer_limit(self) -> int | None:
        """The tokens that an answer may have, as far as the request says."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def schema_definition(self) -> dict[str, JsonValue] | None:
        """The JSON schema that the answer is to follow."""
        wanted = self.response_format.json_schema if self.response_format else None
        return wanted.definition if wanted else None


Body = dict[str, Any]
"""A body as it came."""
