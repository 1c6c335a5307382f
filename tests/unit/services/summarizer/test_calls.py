"""The calls of one persona's minutes: answered once, kept at once, found again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from structlog.testing import capture_logs

from libs.common.answers import erase_answers
from libs.common.engine_process import ChildEngine
from libs.common.events import MinutesPlanned
from libs.common.minutes import Minutes
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from services.summarizer.answers import Answers
from services.summarizer.engines import Summarizer, load_engine
from services.summarizer.engines.openai.errors import ModelOutOfReach, Refused
from services.summarizer.stages import summarize_stage
from tests.openai_server import ChatRequest, Failure, Held, OpenAIServer, Refusal, Reply, content_of, server_error
from tests.unit.services.summarizer.meetings import PERSONAS
from tests.unit.services.summarizer.openai.conversations import (
    block_of,
    reply_of,
    settings_for,
    stated,
    transcript_of,
)
from tests.unit.services.summarizer.openai.test_servers import event, streamed, usage_of
from tests.unit.services.summarizer.test_stages import minutes_written, planned
from tests.work import RecordedWork

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAID = transcript_of(
    [("SPEAKER_00", f"Point {number} of the plan was all right for everybody who was there.") for number in range(40)]
)
"""Four sections of the size below."""

SECTION_TOKENS = 400


def first_of(request: ChatRequest) -> str:
    """The id with which a section begins; empty for a merge."""
    return next((one["id"] for one in block_of(request, "transcript")), "")


def decide(request: ChatRequest) -> Reply:
    """One decision for each section."""
    first = first_of(request)
    if not first:
        return content_of({"summary": "All of it.", "same": []})
    return content_of(reply_of(decisions=[stated(f"About {first}", first)]))


@pytest.fixture(scope="module")
def shared_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(shared_server: OpenAIServer) -> OpenAIServer:
    """A server that nobody has asked yet."""
    shared_server.requests.clear()
    shared_server.answer_with(decide)
    return shared_server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(shared_server: OpenAIServer) -> AsyncIterator[ChildEngine[Summarizer]]:
    settings = settings_for(shared_server, openai_section_tokens=SECTION_TOKENS)
    child = ChildEngine(partial(load_engine, settings), processes=2)
    yield child
    await child.close()


@pytest.fixture
def work(store: ObjectStore) -> RecordedWork:
    return RecordedWork(store, "meetings/m1/r1")


@pytest_asyncio.fixture(loop_scope="module")
async def cache(redis_url: str) -> AsyncIterator[RedisCache]:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        yield RedisCache(redis)


@pytest_asyncio.fixture(loop_scope="module")
async def stage(store: ObjectStore, cache: RedisCache, engine: ChildEngine[Summarizer]) -> Stage[MinutesPlanned]:
    answers = Answers(store, cache, lifetime=60)
    return summarize_stage(store, engine, await engine.start(), answers, PERSONAS, slots=2)


async def write(stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, **changes: str) -> Minutes:
    """The minutes of the meeting, written or found."""
    event = await planned(store, said=SAID, persona="project_manager")
    return await minutes_written(stage, event.model_copy(update=changes), work, store)


async def fails_with(
    error: type[Exception], stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork
) -> None:
    event = await planned(store, said=SAID, persona="project_manager")
    with pytest.raises(error):
        await stage.handle(event, work)


async def has_asked(server: OpenAIServer, count: int) -> None:
    """Wait for so many requests."""
    async with asyncio.timeout(20):
        while len(server.requests) < count:  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.01)


def unless(failing: Callable[[str], bool], reply: Reply) -> Callable[[ChatRequest], Reply]:
    """The usual answers, except to sections that begin with such an id."""
    return lambda request: reply if failing(first_of(request)) else decide(request)


async def test_the_minutes_of_all_sections_come_with_what_they_took(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    minutes = await write(stage, store, work)

    firsts = sorted(filter(None, (first_of(one.chat) for one in server.requests)))
    assert len(firsts) > 2
    assert [one.text for one in minutes.decisions] == [f"About {one}" for one in firsts]
    assert minutes.summary == "All of it."
    assert (minutes.usage.calls, minutes.usage.cached_calls) == (len(server.requests), 0)
    assert minutes.usage.input_tokens > 1_000
    assert minutes.usage.cost_usd is not None
    assert minutes.usage.cost_usd > 0
    assert minutes.engine.models["minutes"] == "gpt-4o-mini"
    assert minutes.engine.models["answered_by"] == "gpt-4o-mini-2024-07-18"
    assert len(minutes.engine.models["prompts"]) == 12
    assert work.fractions == sorted(work.fractions)


async def test_a_replay_pays_nothing(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    first = await write(stage, store, work)
    server.requests.clear()

    again = await write(stage, store, work, run_id="r2")

    assert server.requests == []
    assert (first.is_cached, again.is_cached) == (False, True)
    assert (again.usage.calls, again.usage.cached_calls) == (first.usage.calls, first.usage.calls)
    assert (again.usage.input_tokens, again.usage.cost_usd) == (0, 0.0)
    assert again.decisions == first.decisions


@pytest.mark.parametrize(
    "poor",
    [
        streamed(event(content_of(reply_of()).text, "stop", usage=usage_of(9, 9))),
        Failure(400, "x", code="context_length_exceeded"),
    ],
    ids=["prompt cut", "prompt refused"],
)
async def test_a_replay_asks_again_what_the_server_has_not_read(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer, poor: Reply
) -> None:
    def reply(request: ChatRequest) -> Reply:
        is_whole = len(block_of(request, "transcript")) > 5
        return poor if is_whole and first_of(request) == "u0001" else decide(request)

    server.answer_with(reply)
    await write(stage, store, work)
    await write(stage, store, work)
    once = [first_of(one.chat) for one in server.requests].count("u0001")
    server.answer_with(decide)

    again = await write(stage, store, RecordedWork(store, "meetings/m1/r2"), run_id="r2")

    asked = [first_of(one.chat) for one in server.requests].count("u0001")
    assert asked == once + 1, "not again by the run that has paid for it, and once by the next"
    assert "About u0001" in [one.text for one in again.decisions]


async def test_what_was_answered_before_a_failure_is_not_asked_again(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    server.answer_with(unless(lambda first: first > "u0030", server_error()))
    await fails_with(ModelOutOfReach, stage, store, work)
    asked = {first_of(one.chat) for one in server.requests}
    server.requests.clear()
    server.answer_with(decide)

    await write(stage, store, work)

    again = {first_of(one.chat) for one in server.requests}
    assert again & asked == {max(asked)}


async def test_a_run_bears_the_cost_of_its_earlier_attempts(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    server.answer_with(unless(lambda first: first > "u0030", server_error()))
    await fails_with(ModelOutOfReach, stage, store, work)
    server.answer_with(decide)
    after_all = await write(stage, store, work)
    replayed = await write(stage, store, work, run_id="r2")

    assert (after_all.is_cached, after_all.usage.cached_calls) == (False, 0)
    assert after_all.usage.calls == len(server.requests) - 1, "all but the one that failed"
    assert after_all.usage.input_tokens > 4 * 1_000
    assert (replayed.usage.cached_calls, replayed.usage.input_tokens) == (after_all.usage.calls, 0)


async def test_after_a_failure_no_call_begins_and_those_under_way_are_kept(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    held = Held(content_of(reply_of()))

    def reply(request: ChatRequest) -> Reply:
        return held if first_of(request) == "u0001" else server_error()

    server.answer_with(reply)
    failing = asyncio.create_task(fails_with(ModelOutOfReach, stage, store, work))
    await has_asked(server, 2)
    held.release()
    await failing

    assert len(server.requests) == 2
    assert len(await store.list("answers/")) == 1


async def test_an_error_that_ends_the_unit_goes_before_an_outage(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    outage, refusal = Held(server_error()), Held(Refusal())
    server.answer_with(lambda request: outage if first_of(request) == "u0001" else refusal)
    failing = asyncio.create_task(fails_with(Refused, stage, store, work))
    await has_asked(server, 2)
    outage.release()
    refusal.release()

    await failing


async def test_the_answers_of_all_calls_go_with_their_meeting(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer, cache: RedisCache
) -> None:
    await write(stage, store, work)
    keys = await store.list("answers/")
    assert len(keys) == len(server.requests)
    assert all([await cache.get(key) for key in keys])

    assert await erase_answers(store, cache, workspace="w1", meeting_id="m1") == len(keys)

    assert await store.list("answers/") == []
    assert not any([await cache.get(key) for key in keys])


async def test_each_call_is_logged_with_what_it_took(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork, server: OpenAIServer
) -> None:
    with capture_logs() as logs:
        await write(stage, store, work)
        await write(stage, store, work, run_id="r2")

    told = [one for one in logs if one["event"] == "call answered"]
    assert len(told) == 2 * len(server.requests)
    assert sum(one["call"].startswith("section 1 of ") for one in told) == 2
    assert told[0].keys() >= {"persona", "model", "seconds", "input_tokens", "output_tokens", "cost_usd", "is_cached"}
    assert [one["is_cached"] for one in told] == [False] * len(server.requests) + [True] * len(server.requests)
