"""How much of OpenAI's API a server understands, learnt from what it refuses."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel

from services.summarizer.engines.openai.replies import schema_of

Form = Literal["json_schema", "json_object", "text"]


@dataclass(frozen=True)
class Dialect:
    """What requests to one server use."""

    form: Form = "json_schema"
    """How the server is told what the answer is to be; all but the first need the schema in the prompt."""

    limit: Literal["max_completion_tokens", "max_tokens"] | None = "max_completion_tokens"
    has_temperature: bool = True
    has_stream_options: bool = True
    """Without them nobody knows the tokens of a streamed answer."""

    def options(self, schema: type[BaseModel], answer_tokens: int) -> dict[str, Any]:
        """The parameters of a request beside model and messages."""
        options: dict[str, Any] = {"stream": True}
        if self.form == "json_schema":
            described = {"name": schema.__name__.lower(), "strict": True, "schema": schema_of(schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": described}
        elif self.form == "json_object":
            options["response_format"] = {"type": "json_object"}
        if self.limit is not None:
            options[self.limit] = answer_tokens
        if self.has_temperature:
            options["temperature"] = 0.0
        if self.has_stream_options:
            options["stream_options"] = {"include_usage": True}
        return options

    def without(self, complaint: str) -> "Dialect | None":
        """What remains when the server complains about a parameter; `None` if it complains about none of ours."""
        text = complaint.lower()
        if self.has_stream_options and "stream_options" in text:
            return replace(self, has_stream_options=False)
        if self.has_temperature and "temperature" in text:
            return replace(self, has_temperature=False)
        if self.limit is not None and self.limit in text:
            return replace(self, limit="max_tokens" if self.limit == "max_completion_tokens" else None)
        if any(one in text for one in ("response_format", "json_schema", "json_object", "grammar", "guided")):
            return self.plainer()
        return None

    def plainer(self) -> "Dialect | None":
        """The next simpler way to ask for JSON."""
        simpler: dict[Form, Form | None] = {"json_schema": "json_object", "json_object": "text", "text": None}
        form = simpler[self.form]
        return replace(self, form=form) if form else None
