"""Calls of a remote model are counted when they are paid, and never again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from libs.common.engine_process import ChildEngine
from libs.common.errors import PipelineError
from libs.common.events import MinutesPlanned, MinutesWritten
from libs.common.minutes import Usage
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from services.summarizer.answers import Answers
from services.summarizer.budget import Budget, BudgetLimits
from services.summarizer.engines import Summarizer, load_engine
from services.summarizer.stages import summarize_stage
from tests.openai_server import Content, OpenAIServer, Refusal
from tests.unit.services.summarizer.meetings import PERSONAS
from tests.unit.services.summarizer.openai.conversations import settings_for
from tests.unit.services.summarizer.test_answers import Remembering
from tests.unit.services.summarizer.test_stages import planned
from tests.work import RecordedWork


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def cache() -> Remembering:
    return Remembering()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def stage(
    store: ObjectStore, server: OpenAIServer, cache: Remembering, registry: CollectorRegistry
) -> AsyncIterator[Stage[MinutesPlanned]]:
    engine: ChildEngine[Summarizer] = ChildEngine(partial(load_engine, settings_for(server, openai_model="gpt-4o")))
    answers = Answers(store, cache, lifetime=60)
    yield summarize_stage(store, engine, await engine.start(), answers, PERSONAS, registry=registry)
    await engine.close()


async def usage_of_run(stage: Stage[MinutesPlanned], store: ObjectStore, run_id: str) -> Usage:
    event = (await planned(store)).model_copy(update={"run_id": run_id})
    (published,) = await stage.handle(event, RecordedWork(store, f"meetings/m1/{run_id}")) or ()
    assert isinstance(published, MinutesWritten)
    return published.usage


def counted(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"hansard_llm_{name}", {"model": "gpt-4o", **labels})


def answers_by_source(registry: CollectorRegistry) -> list[float | None]:
    name = "hansard_llm_answers_total"
    return [registry.get_sample_value(name, {"engine": "openai", "source": one}) for one in ("model", "cache", "store")]


def tokens(registry: CollectorRegistry) -> dict[str, float | None]:
    return {kind: counted(registry, "tokens_total", kind=kind) for kind in ("input", "cached_input", "output")}


async def test_tokens_and_cost_are_those_of_the_minutes(
    stage: Stage[MinutesPlanned], store: ObjectStore, server: OpenAIServer, registry: CollectorRegistry
) -> None:
    usage = await usage_of_run(stage, store, "r1")

    assert tokens(registry) == {"input": usage.input_tokens, "cached_input": 0, "output": usage.output_tokens}
    assert counted(registry, "cost_usd_total") == pytest.approx(usage.cost_usd)
    assert counted(registry, "requests_total") == len(server.requests)
    assert counted(registry, "unpriced_requests_total") == 0
    assert answers_by_source(registry) == [1, 0, 0]


async def test_a_replay_counts_an_answer_and_no_cost(
    stage: Stage[MinutesPlanned], store: ObjectStore, cache: Remembering, registry: CollectorRegistry
) -> None:
    usage = await usage_of_run(stage, store, "r1")
    await usage_of_run(stage, store, "r2")
    cache.values.clear()
    await usage_of_run(stage, store, "r3")

    assert answers_by_source(registry) == [1, 1, 1]
    assert counted(registry, "cost_usd_total") == pytest.approx(usage.cost_usd)
    assert tokens(registry)["output"] == usage.output_tokens


@pytest.mark.parametrize(
    ("reply", "requests", "code"),
    [
        (Content("I would rather talk about the weather."), 2, "minutes_answer_invalid"),
        (Refusal(), 1, "minutes_refused"),
    ],
)
async def test_what_a_call_took_in_vain_is_counted_as_well(
    stage: Stage[MinutesPlanned],
    store: ObjectStore,
    server: OpenAIServer,
    registry: CollectorRegistry,
    reply: Content | Refusal,
    requests: int,
    code: str,
) -> None:
    server.answer_with(lambda _request: reply)
    with pytest.raises(PipelineError):
        await usage_of_run(stage, store, "r1")

    assert counted(registry, "failed_calls_total", code=code) == 1
    assert counted(registry, "requests_total") == requests
    assert (tokens(registry)["input"] or 0) > 0
    assert (counted(registry, "cost_usd_total") or 0) > 0
    assert answers_by_source(registry) == [0, 0, 0]


async def test_a_model_without_a_price_costs_an_unknown_amount(
    store: ObjectStore, server: OpenAIServer, cache: Remembering, registry: CollectorRegistry, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("{}")
    settings = settings_for(server, openai_model="gpt-4o", openai_prices=prices)
    engine: ChildEngine[Summarizer] = ChildEngine(partial(load_engine, settings))
    answers = Answers(store, cache, lifetime=60)
    stage = summarize_stage(store, engine, await engine.start(), answers, PERSONAS, registry=registry)
    await usage_of_run(stage, store, "r1")
    await engine.close()

    assert counted(registry, "unpriced_requests_total") == len(server.requests)
    assert counted(registry, "cost_usd_total") == 0


async def test_a_reservation_says_how_long_it_waited(redis_url: str) -> None:
    budget = Budget.open(redis_url, "account", BudgetLimits(requests=1, window=2.0))
    first = await asyncio.to_thread(budget.reserve, 1)
    second = await asyncio.to_thread(budget.reserve, 1)
    assert first.waited == 0.0
    assert 0.1 < second.waited <= 2.0
