"""What minutes took of a remote model stands in the minutes and in the event that says that they are there."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from libs.common.engine_process import ChildEngine
from libs.common.events import MinutesPlanned, MinutesWritten
from libs.common.minutes import Minutes, Usage
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from services.summarizer.answers import Answers
from services.summarizer.engines import Summarizer, load_engine
from services.summarizer.stages import summarize_stage
from tests.openai_server import OpenAIServer
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
async def stage(store: ObjectStore, server: OpenAIServer) -> AsyncIterator[Stage[MinutesPlanned]]:
    engine: ChildEngine[Summarizer] = ChildEngine(partial(load_engine, settings_for(server)))
    answers = Answers(store, Remembering(), lifetime=60)
    yield summarize_stage(store, engine, await engine.start(), answers, PERSONAS)
    await engine.close()


async def written(stage: Stage[MinutesPlanned], store: ObjectStore, run_id: str) -> tuple[MinutesWritten, Minutes]:
    event = (await planned(store)).model_copy(update={"run_id": run_id})
    (published,) = await stage.handle(event, RecordedWork(store, f"meetings/m1/{run_id}")) or ()
    assert isinstance(published, MinutesWritten)
    return published, await store.load(Minutes, published.minutes_key)


async def test_the_event_says_what_the_minutes_took(
    stage: Stage[MinutesPlanned], store: ObjectStore, server: OpenAIServer
) -> None:
    published, minutes = await written(stage, store, "r1")
    assert published.usage == minutes.usage
    assert (minutes.usage.calls, minutes.usage.cached_calls) == (len(server.requests), 0)
    assert minutes.usage.input_tokens > 0
    assert minutes.usage.cost_usd


async def test_a_replay_pays_nothing_and_says_so(
    stage: Stage[MinutesPlanned], store: ObjectStore, server: OpenAIServer
) -> None:
    await written(stage, store, "r1")
    asked = len(server.requests)
    published, _ = await written(stage, store, "r2")
    assert len(server.requests) == asked
    assert published.usage == Usage(calls=asked, cached_calls=asked)
