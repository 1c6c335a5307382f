import datetime
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from libs.common.engine_process import ChildEngine
from libs.common.events import MinutesPlanned
from libs.common.minutes import Finding, Findings, Minutes
from libs.common.personas import UnknownPersona
from libs.common.request import MeetingRequest
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.transcript import Transcript
from services.summarizer.answers import Answers, Found, Question
from services.summarizer.engines import Answer, Summarizer, load_engine
from services.summarizer.settings import SummarizerSettings
from services.summarizer.stages import summarize_stage
from tests.unit.services.summarizer.meetings import PERSONAS, transcript
from tests.unit.services.summarizer.test_answers import Remembering
from tests.work import RecordedWork

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = SummarizerSettings(summarizer_engine="extractive")
SAID = transcript([("SPEAKER_00", "I will send the report by Friday."), ("SPEAKER_01", "We have decided to wait.")])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[ChildEngine[Summarizer]]:
    child = ChildEngine(partial(load_engine, SETTINGS))
    yield child
    await child.close()


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore.open(f"file://{tmp_path}")


@pytest.fixture
def work(store: ObjectStore) -> RecordedWork:
    return RecordedWork(store, "meetings/m1/r1")


@pytest_asyncio.fixture(loop_scope="module")
async def stage(store: ObjectStore, engine: ChildEngine[Summarizer]) -> Stage[MinutesPlanned]:
    return summarize_stage(store, engine, await engine.start(), Answers(store, Remembering(), lifetime=60), PERSONAS)


async def planned(store: ObjectStore, *, persona: str = "executive", said: Transcript = SAID) -> MinutesPlanned:
    recorded_at = datetime.datetime(2026, 3, 4, 10, 0, tzinfo=datetime.UTC)
    matches = SpeakerMatches(
        model=None,
        gallery_digest=None,
        threshold=0.7,
        margin=0.1,
        decisions=(Decision(label="SPEAKER_00", reason="matched", speaker_id="s1", name="Anna"),),
    )
    for key, artifact in {
        "request": MeetingRequest(personas=(persona,), recorded_at=recorded_at),
        "speakers": matches,
        "transcript": said,
    }.items():
        await store.put(key, artifact.model_dump_json().encode())
    return MinutesPlanned(
        workspace="w1",
        run_id="r1",
        meeting_id="m1",
        request_key="request",
        transcript_key="transcript",
        speakers_key="speakers",
        persona=persona,
    )


async def minutes_written(
    stage: Stage[MinutesPlanned], event: MinutesPlanned, work: RecordedWork, store: ObjectStore
) -> Minutes:
    events = await stage.handle(event, work)
    assert events is not None
    (written,) = events
    return await store.load(Minutes, getattr(written, "minutes_key"))  # noqa: B009 - the stage publishes one class


async def test_minutes_are_written_under_the_names_of_the_speakers(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork
) -> None:
    minutes = await minutes_written(stage, await planned(store), work, store)

    (item,) = minutes.action_items
    assert (item.assignee, item.task, item.due) == ("Anna", "Send the report", datetime.date(2026, 3, 6))
    assert [one.text for one in minutes.decisions] == ["We have decided to wait"]
    assert (minutes.persona, minutes.title, minutes.parts[0]) == ("executive", "For the executive", "decisions")
    assert (minutes.engine.name, minutes.persona_digest) == ("extractive", PERSONAS.get("executive").digest)


async def test_a_replay_of_the_same_question_comes_from_the_cache(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork
) -> None:
    event = await planned(store)
    first = await minutes_written(stage, event, work, store)
    again = await minutes_written(stage, event.model_copy(update={"run_id": "r2"}), work, store)

    assert (first.is_cached, again.is_cached) == (False, True)
    assert again.action_items == first.action_items


async def test_settings_that_change_nothing_in_the_question_cost_no_new_answer(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork
) -> None:
    event = await planned(store)
    await minutes_written(stage, event, work, store)
    request = await store.load(MeetingRequest, event.request_key)
    changes = {"match_threshold": 0.5, "language": "en", "personas": ("engineer", "executive")}
    await store.put("replayed", request.model_copy(update=changes).model_dump_json().encode())
    replayed = event.model_copy(update={"run_id": "r2", "request_key": "replayed", "request_revision": 2})

    assert (await minutes_written(stage, replayed, work, store)).is_cached


async def test_an_unknown_persona_is_not_tried_again(
    stage: Stage[MinutesPlanned], store: ObjectStore, work: RecordedWork
) -> None:
    event = await planned(store, persona="poet")

    with pytest.raises(UnknownPersona) as refused:
        await stage.handle(event, work)
    assert (refused.value.code, refused.value.retryable) == ("unknown_persona", False)


async def test_what_the_engine_could_not_do_is_a_warning_also_from_the_cache(
    stage: Stage[MinutesPlanned], store: ObjectStore
) -> None:
    event = await planned(store, said=transcript([("SPEAKER_00", "Wir warten noch.")], language="de"))
    for _ in range(2):
        work = RecordedWork(store, "meetings/m1/r1")
        await stage.handle(event, work)
        assert [code for code, _ in work.warnings] == ["minutes_language_limited"]


async def test_statements_without_evidence_are_marked_and_reported(
    store: ObjectStore, work: RecordedWork, engine: ChildEngine[Summarizer]
) -> None:
    invented = Findings(summary="", decisions=(Finding(text="Invented", evidence=("u99",)),))

    class Known(Answers):
        async def find(self, question: Question) -> Found | None:
            return Found(Answer(findings=invented), "cache")

    answers = Known(store, Remembering(), lifetime=60)
    stage = summarize_stage(store, engine, await engine.start(), answers, PERSONAS)

    minutes = await minutes_written(stage, await planned(store), work, store)

    assert [(one.is_supported, one.evidence) for one in minutes.decisions] == [(False, ())]
    assert [code for code, _ in work.warnings] == ["minutes_unsupported"]
