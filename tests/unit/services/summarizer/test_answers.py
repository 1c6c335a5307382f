from pathlib import Path

import pytest

from libs.common.answers import answer_key, erase_answers
from libs.common.engine import EngineInfo
from libs.common.minutes import Findings, Usage
from libs.common.storage import ObjectStore
from services.summarizer.answers import Answers, Found, Question
from services.summarizer.engines import Answer

ANSWER = Answer(findings=Findings(summary="Anna: It is done."), usage=Usage(calls=1, input_tokens=900, cost_usd=0.01))


class Remembering:
    """A cache in memory."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def set(self, key: str, value: bytes, *, lifetime: float) -> None:
        self.values[key] = value

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)


class OutOfReach(Remembering):
    """A cache whose server is down: by contract it answers `None` and forgets."""

    async def get(self, key: str) -> bytes | None:
        return None

    async def set(self, key: str, value: bytes, *, lifetime: float) -> None:
        return None


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}")


def question(*, meeting_id: str = "m1", workspace: str = "w1", model: str = "a", asked: str = "what?") -> Question:
    engine = EngineInfo(name="extractive", models={"ranking": model})
    return Question(workspace=workspace, meeting_id=meeting_id, persona="executive", engine=engine, asked=asked)


async def test_a_question_is_answered_once(store: ObjectStore) -> None:
    answers = Answers(store, Remembering(), lifetime=60)
    assert await answers.find(question()) is None

    await answers.keep(question(), ANSWER)

    assert await answers.find(question()) == Found(ANSWER, "cache")


async def test_another_run_or_meeting_with_the_same_question_gets_the_same_answer(store: ObjectStore) -> None:
    answers = Answers(store, Remembering(), lifetime=60)
    await answers.keep(question(), ANSWER)

    assert await answers.find(question(meeting_id="m2")) == Found(ANSWER, "cache")


@pytest.mark.parametrize(
    "other",
    [question(model="b"), question(asked="what else?"), question(workspace="w2")],
    ids=["model", "asked", "workspace"],
)
async def test_another_model_prompt_or_workspace_is_another_question(store: ObjectStore, other: Question) -> None:
    answers = Answers(store, Remembering(), lifetime=60)
    await answers.keep(question(), ANSWER)

    assert await answers.find(other) is None


async def test_answers_outlive_the_cache(store: ObjectStore) -> None:
    await Answers(store, Remembering(), lifetime=60).keep(question(), ANSWER)
    cache = Remembering()

    assert await Answers(store, cache, lifetime=60).find(question()) == Found(ANSWER, "store")
    assert list(cache.values) == [answer_key("w1", question().digest)]


async def test_a_cache_out_of_reach_loses_no_answer(store: ObjectStore) -> None:
    answers = Answers(store, OutOfReach(), lifetime=60)
    await answers.keep(question(), ANSWER)

    assert await answers.find(question()) == Found(ANSWER, "store")


async def test_an_unreadable_answer_counts_as_none_and_can_be_replaced(store: ObjectStore) -> None:
    cache = Remembering()
    answers = Answers(store, cache, lifetime=60)
    key = answer_key("w1", question().digest)
    cache.values[key] = b"{"
    await store.put(key, b"not json")
    assert await answers.find(question()) is None

    await answers.keep(question(), ANSWER)

    assert await answers.find(question()) == Found(ANSWER, "cache")


async def test_a_meeting_takes_its_answers_along_when_it_is_erased(store: ObjectStore) -> None:
    cache = Remembering()
    answers = Answers(store, cache, lifetime=60)
    await answers.keep(question(), ANSWER)
    await answers.keep(question(meeting_id="m2", asked="what else?"), ANSWER)

    erased = await erase_answers(store, cache, workspace="w1", meeting_id="m1")

    assert erased == 1
    assert await answers.find(question()) is None
    assert await answers.find(question(meeting_id="m2", asked="what else?")) == Found(ANSWER, "cache")
    assert await store.list("meetings/m1/") == []


async def test_a_meeting_that_found_an_answer_erases_it_too(store: ObjectStore) -> None:
    cache = Remembering()
    answers = Answers(store, cache, lifetime=60)
    await answers.keep(question(), ANSWER)
    await answers.find(question(meeting_id="m2"))

    await erase_answers(store, cache, workspace="w1", meeting_id="m2")

    assert await store.list("answers/") == []
    assert cache.values == {}
