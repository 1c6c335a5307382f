import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.common import progress
from libs.common.engine import EngineInfo
from libs.common.errors import EngineUnavailable
from libs.common.events import ChunkPlanned
from libs.common.speech import Segment, Turn
from libs.common.stage import Work
from libs.common.storage import ObjectStore
from libs.common.transcript import MeetingLanguage, language_key
from services.transcriber.engines import Transcriber, load_engine
from services.transcriber.languages import Languages, find_language, language_passages
from services.transcriber.settings import TranscriberSettings
from tests.unit.services.transcriber.engines.random_whisper import write_random_whisper
from tests.work import RecordedWork

MEETING = Path(__file__).parents[4] / "samples" / "short" / "short.flac"
DURATION = 19.0
TURNS = (Turn(start=0.5, end=8.0, label="SPEAKER_00"), Turn(start=8.2, end=18.0, label="SPEAKER_01"))


class CountedEngine:
    """The real engine in this process, and how often each method was called."""

    def __init__(self, engine: Transcriber) -> None:
        self.engine = engine
        self.calls: list[str] = []
        self.failures = 0
        self.before_answer: Callable[[], Any] | None = None

    async def start(self) -> EngineInfo:
        return self.engine.info

    async def ask(self, method: Callable[[Transcriber], Any]) -> Any:
        return method(self.engine)

    async def run(self, work: Work, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.calls.append(method.__name__)
        await asyncio.sleep(0)
        if self.failures > 0:
            self.failures -= 1
            raise EngineUnavailable("it is gone")
        answer = getattr(self.engine, method.__name__)(*args, **kwargs)
        if self.before_answer is not None:
            await self.before_answer()
        return answer


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Transcriber:
    folder = write_random_whisper(tmp_path_factory.mktemp("models") / "random")
    settings = TranscriberSettings(transcriber_engine="faster-whisper", whisper_model=str(folder))
    return load_engine(settings)


@pytest.fixture
def engine(whisper: Transcriber) -> CountedEngine:
    return CountedEngine(whisper)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}/objects")


@pytest.fixture
def languages(store: ObjectStore, engine: CountedEngine) -> Languages:
    return Languages(store, engine, engine.engine.info)


def _chunk(index: int, *, run_id: str = "r1") -> ChunkPlanned:
    return ChunkPlanned(
        workspace="w", run_id=run_id, meeting_id="m", request_key="q", audio_key="a", duration=DURATION, turns_key="t",
        speakers_key="s", index=index, num_chunks=9, segment=Segment(start=index, end=index + 1.0),
    )  # fmt: skip


async def _language(languages: Languages, store: ObjectStore, index: int, *, run_id: str = "r1") -> str:
    event = _chunk(index, run_id=run_id)
    return await languages.of_meeting(event, MEETING, TURNS, RecordedWork(store, event.folder))


async def test_all_chunks_of_a_meeting_have_the_language_that_the_first_has_detected(
    languages: Languages, engine: CountedEngine, store: ObjectStore
) -> None:
    together = await asyncio.gather(*(_language(languages, store, index) for index in range(5)))
    later = await _language(languages, store, 7)

    assert set(together) == {later}
    assert later in engine.engine.abilities().languages
    assert engine.calls == ["detect_language"]
    found = await store.load(MeetingLanguage, language_key("meetings/m/r1"))
    assert (found.language, found.engine) == (later, engine.engine.info)
    assert 0.0 < found.probability < 1.0
    assert found.passages == language_passages(TURNS, DURATION)


async def test_who_answers_second_takes_the_language_that_is_there(
    languages: Languages, engine: CountedEngine, store: ObjectStore
) -> None:
    theirs = MeetingLanguage(language="haw", probability=0.6, passages=(), engine=EngineInfo(name="other"))
    engine.before_answer = lambda: store.put_new(language_key("meetings/m/r1"), theirs.model_dump_json().encode())

    assert await _language(languages, store, 0) == "haw"
    assert await _language(languages, store, 1) == "haw"
    assert engine.calls == ["detect_language"]


async def test_each_run_has_a_language_of_its_own(
    languages: Languages, engine: CountedEngine, store: ObjectStore
) -> None:
    await _language(languages, store, 0)
    await _language(languages, store, 0, run_id="r2")

    assert engine.calls == ["detect_language"] * 2
    assert await find_language(store, "meetings/m/r2") == await find_language(store, "meetings/m/r1")
    assert await find_language(store, "meetings/m/r3") is None


async def test_a_detection_that_fails_is_left_to_the_next_chunk(
    languages: Languages, engine: CountedEngine, store: ObjectStore
) -> None:
    engine.failures = 1

    first, second = await asyncio.gather(
        _language(languages, store, 0), _language(languages, store, 1), return_exceptions=True
    )

    assert isinstance(first, EngineUnavailable)
    assert second in engine.engine.abilities().languages


def test_listening_for_the_language_is_no_progress_of_the_chunk_but_a_sign_of_life(whisper: Transcriber) -> None:
    fractions: list[float] = []
    progress.listen(fractions.append)
    try:
        whisper.detect_language(MEETING, TURNS)
    finally:
        progress._sinks.remove(fractions.append)

    assert fractions == [0.0, 0.0]


def test_passages_are_the_longest_speech_of_each_quarter() -> None:
    turns = [Segment(start=float(n * 10), end=n * 10 + 2.0 + n % 7) for n in range(40)]

    passages = language_passages(turns, 400.0)

    assert len(passages) == 4
    assert [int(passage.middle // 100) for passage in passages] == [0, 1, 2, 3]
    assert all(passage.duration > 8.0 for passage in passages)
    assert passages == language_passages(list(reversed(turns)), 400.0)


def test_no_passage_is_longer_than_the_engine_hears_at_once() -> None:
    passages = language_passages([Segment(start=0.0, end=600.0)], 600.0)

    assert len(passages) == 4
    assert max(passage.duration for passage in passages) <= 30.0


def test_speech_in_one_place_is_one_passage() -> None:
    assert len(language_passages([Segment(start=50.0, end=53.0)], 400.0)) == 1
