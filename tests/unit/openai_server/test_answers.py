"""What the model says, as the real client reads it."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from openai import NotFoundError, OpenAI, RateLimitError
from openai.types.chat import ChatCompletionUserMessageParam
from pydantic import BaseModel, ConfigDict

from tests.openai_server import Content, Filtered, OpenAIServer, Refusal, Truncated, content_of, rate_limited
from tests.openai_server.tokens import TOKENS_PER_MESSAGE, count_tokens

PROMPT = "u0001 Ana: We ship on Friday.\nu0002 Ben: Who tests it?"
SAID: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": PROMPT}]


class Finding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    evidence: list[str]
    assignee: str | None


class Findings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    summary: str
    decisions: list[Finding]


def test_an_answer_carries_the_snapshot_and_the_tokens_of_its_text(server: OpenAIServer, client: OpenAI) -> None:
    server.script(Content("Good morning.", cached_tokens=3))
    completion = client.chat.completions.create(model="gpt-4o-mini", messages=SAID)
    assert completion.model == "gpt-4o-mini-2024-07-18"
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("Good morning.", "stop")
    assert completion.usage is not None
    assert completion.usage.completion_tokens == count_tokens("Good morning.") == 4
    assert completion.usage.prompt_tokens == count_tokens(PROMPT) + TOKENS_PER_MESSAGE
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.cached_tokens == 3


def test_replies_come_in_the_order_of_the_script_and_then_by_the_function(server: OpenAIServer, client: OpenAI) -> None:
    server.script(Content("one"), content_of({"number": 2}))
    server.answer_with(lambda request: Content(f"for {request.model}"))
    said = [client.chat.completions.create(model="gpt-4o", messages=SAID) for _ in range(3)]
    assert [one.choices[0].message.content for one in said] == ["one", '{"number": 2}', "for gpt-4o"]


def test_every_request_is_recorded_also_a_refused_one(server: OpenAIServer, client: OpenAI) -> None:
    server.script(rate_limited())
    for model, error in (("gpt-4o", RateLimitError), ("gpt-0", NotFoundError)):
        with pytest.raises(error):
            client.chat.completions.create(model=model, messages=SAID)
    assert [one.body["model"] for one in server.requests] == ["gpt-4o", "gpt-0"]
    assert server.requests[0].headers["authorization"] == f"Bearer {server.api_key}"
    assert server.requests[0].received_at < server.requests[1].received_at
    assert server.requests[0].chat.prompt == PROMPT


@pytest.mark.parametrize(
    ("reply", "content", "refusal", "finish_reason"),
    [
        (Refusal("No."), None, "No.", "stop"),
        (Truncated('{"summary": "It'), '{"summary": "It', None, "length"),
        (Filtered(), "", None, "content_filter"),
    ],
)
def test_an_answer_that_is_none_says_why(
    server: OpenAIServer,
    client: OpenAI,
    reply: Refusal | Truncated | Filtered,
    content: str | None,
    refusal: str | None,
    finish_reason: str,
) -> None:
    server.script(reply)
    choice = client.chat.completions.create(model="gpt-4o-mini", messages=SAID).choices[0]
    assert (choice.message.content, choice.message.refusal, choice.finish_reason) == (content, refusal, finish_reason)


def test_an_answer_ends_where_the_request_says(server: OpenAIServer, client: OpenAI) -> None:
    server.script(Content("word " * 20))
    completion = client.chat.completions.create(model="gpt-4o-mini", messages=SAID, max_completion_tokens=5)
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == ("word " * 4, "length")
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_stream_says_the_same_in_pieces(server: OpenAIServer, client: OpenAI, include_usage: bool) -> None:
    text = "A longer answer that comes in several pieces."
    server.script(Content(text))
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=SAID, stream=True, stream_options={"include_usage": include_usage}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == text
    assert len([piece for piece in pieces if piece]) > 1
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [include_usage]


def test_without_a_script_an_answer_follows_the_schema_and_cites_the_prompt(client: OpenAI) -> None:
    parsed = client.chat.completions.parse(model="gpt-4o-mini", messages=SAID, response_format=Findings)
    found = parsed.choices[0].message.parsed
    assert found is not None
    assert [one.evidence for one in found.decisions] == [["u0001"], ["u0002"]]
    assert found.decisions[0].text == "Ana: We ship on Friday."
    assert found.decisions[0].assignee is None


def test_utterances_may_stand_in_the_prompt_as_json(client: OpenAI) -> None:
    lines = ({"id": f"u000{number}", "speaker": "Ana", "text": f"{number} tests."} for number in (1, 2))
    parsed = client.chat.completions.parse(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "\n".join(map(json.dumps, lines))}],
        response_format=Findings,
    )
    found = parsed.choices[0].message.parsed
    assert found is not None
    assert [(one.text, one.evidence) for one in found.decisions] == [("1 tests.", ["u0001"]), ("2 tests.", ["u0002"])]


def test_without_a_script_and_without_utterances_an_answer_is_empty(client: OpenAI) -> None:
    parsed = client.chat.completions.parse(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Nobody came."}], response_format=Findings
    )
    assert parsed.choices[0].message.parsed == Findings(summary="Nothing was said.", decisions=[])


@pytest.mark.parametrize("wanted", ["json_object", "text"])
def test_a_schema_that_is_written_in_the_prompt_is_followed_too(client: OpenAI, wanted: str) -> None:
    schema = Findings.model_json_schema()
    completion = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "system", "content": f"Answer as JSON: {json.dumps(schema)}"}, *SAID],
        response_format={"type": "json_object"} if wanted == "json_object" else {"type": "text"},
    )
    content = completion.choices[0].message.content or ""
    assert content.startswith("```json") == (wanted == "text")
    assert len(Findings.model_validate_json(content.strip("`json\n")).decisions) == 2


def test_the_models_are_listed(client: OpenAI) -> None:
    assert "gpt-4o-mini" in {model.id for model in client.models.list()}


@pytest.fixture
def program() -> Iterator[OpenAI]:
    command = [sys.executable, "-m", "tests.openai_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = dict(one.split("=") for one in process.stdout.readline().split())
        with OpenAI(base_url=said["OPENAI_BASE_URL"], api_key=said["OPENAI_API_KEY"], max_retries=0) as connected:
            yield connected
        process.terminate()
        assert process.wait(10) == 0


def test_it_runs_as_a_program(program: OpenAI) -> None:
    parsed = program.chat.completions.parse(model="gpt-5-mini", messages=SAID, response_format=Findings)
    assert parsed.choices[0].message.parsed is not None
