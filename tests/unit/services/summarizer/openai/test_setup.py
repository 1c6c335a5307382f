"""What stands in files and tables: prompts, and the limits of models."""

import shutil
from pathlib import Path

import pytest

from libs.common.errors import InvalidSettings
from services.summarizer.engines.openai.failures import retry_after
from services.summarizer.engines.openai.models import Capacity, capacity
from services.summarizer.engines.openai.prompts import load_prompts
from tests.openai_server import OpenAIServer
from tests.unit.services.summarizer.openai.conversations import engine_for, one_call, request_of

SHIPPED = Path(__file__).parents[5] / "services/summarizer/prompts"


@pytest.fixture
def prompts_dir(tmp_path: Path) -> Path:
    """A copy of the prompts, to be changed."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "prompts"))


def test_another_prompt_is_another_version(server: OpenAIServer, prompts_dir: Path) -> None:
    before = engine_for(server)
    (prompts_dir / "merge.md").write_text("Join them.")

    after = engine_for(server, prompts_dir=prompts_dir)

    assert after.info.models["prompts"] != before.info.models["prompts"]
    assert engine_for(server, prompts_dir=SHIPPED).info == before.info


def test_a_persona_writes_its_own_part_of_the_prompt(server: OpenAIServer) -> None:
    request = request_of()
    persona = request.persona.model_copy(update={"instructions": "Costs $5 and ${more}."})
    engine = engine_for(server)

    engine.answer(one_call(engine, request.model_copy(update={"persona": persona})))

    assert "Costs $5 and ${more}." in server.requests[0].chat.messages[0].text
    assert "`sections.risks`" in server.requests[0].chat.messages[0].text


@pytest.mark.parametrize("text", ["For $readers", "It costs 5 $", "${"])
def test_a_prompt_with_a_name_that_nobody_fills_in_refuses_to_start(prompts_dir: Path, text: str) -> None:
    (prompts_dir / "section.md").write_text(text)

    with pytest.raises(InvalidSettings, match=r"section\.md may use \$instructions"):
        load_prompts(prompts_dir)


def test_a_missing_prompt_refuses_to_start(prompts_dir: Path) -> None:
    (prompts_dir / "repair.md").unlink()

    with pytest.raises(InvalidSettings, match=r"repair\.md cannot be read"):
        load_prompts(prompts_dir)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o-mini", Capacity(128_000, 8_192)),
        ("gpt-4o-mini-2024-07-18", Capacity(128_000, 8_192)),
        ("gpt-4-0613", Capacity(8_192, 2_048)),
        ("gpt-5-mini", Capacity(400_000, 32_768)),
        ("llama3.1:8b", Capacity(4_096, 1_024)),
    ],
)
def test_a_model_takes_what_is_known_of_it_or_little(model: str, expected: Capacity) -> None:
    assert capacity(model, context_tokens=None, answer_tokens=None) == expected


def test_settings_say_what_a_server_really_takes() -> None:
    assert capacity("llama3.1", context_tokens=32_768, answer_tokens=None) == Capacity(32_768, 8_192)
    assert capacity("gpt-4o", context_tokens=8_192, answer_tokens=None) == Capacity(8_192, 4_096)
    assert capacity("gpt-4o", context_tokens=None, answer_tokens=500) == Capacity(128_000, 500)


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 9),
        ({"retry-after": "0.5", "retry-after-ms": "20"}, 0.02, 1),
        ({"retry-after": "999999999"}, 3_600, 3_700),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0, 1),
    ],
)
def test_the_server_says_when_to_come_back(headers: dict[str, str], low: float, high: float) -> None:
    delay = retry_after(headers)

    assert delay is not None
    assert low <= delay <= high


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-5", "1e999"])
def test_a_time_that_is_none_counts_as_not_said(value: str) -> None:
    assert retry_after({"retry-after": value}) is None
    assert retry_after({"retry-after-ms": value}) is None
