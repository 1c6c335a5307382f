"""Answers as the description at `/docs` shows them: one meeting and one speaker throughout."""

import datetime
import inspect
from typing import Any
from uuid import UUID

from libs.common.engine import EngineInfo
from libs.common.line import LINE
from libs.common.minutes import ActionItem, Finding, Minutes, Usage
from libs.common.outcome import Warned
from libs.common.release import RELEASE
from libs.common.request import RunSettings
from libs.common.speech import Word
from libs.common.streams.keys import PROJECTION
from services.gateway.pages import Cursor
from services.gateway.schemas.answers import Answer
from services.gateway.schemas.health import DependencyHealth, Health, Readiness, StageHealth
from services.gateway.schemas.meetings import (
    MeetingAnswer,
    MeetingCancellation,
    MeetingPage,
    MeetingProgress,
    MeetingReceipt,
    MeetingSummary,
    StageStatus,
    results_url,
    status_url,
)
from services.gateway.schemas.results import NamedUtterance, Results, ResultSpeaker
from services.gateway.schemas.runs import MeetingRun, MeetingRuns, ReplayAnswer
from services.gateway.schemas.speakers import (
    EnrolmentAnswer,
    ReembeddingAnswer,
    SampleStatus,
    Speaker,
    SpeakerPage,
    SpeakerReceipt,
)


def shown(example: Answer) -> dict[str, Any]:
    """An OpenAPI response that shows this answer and is described by its class."""
    content = {"application/json": {"example": example.model_dump(mode="json")}}
    return {"description": inspect.getdoc(type(example)) or "", "content": content}


_MEETING = "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"
_RUN = "b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22"
_SPEAKER = "a1d1c9a2-8a3f-4a53-b7a4-0c6f1b1f6f0e"
_SAMPLE = "0d9a7c58-1c2b-4a6e-8f57-6c1d2e3f4a5b"
_BEGAN = datetime.datetime(2026, 3, 2, 10, 0, tzinfo=datetime.UTC)
_ENDED = _BEGAN + datetime.timedelta(seconds=74)
_CURSOR = str(Cursor(_BEGAN, UUID(_SPEAKER)))

MEETING_ANSWER = MeetingAnswer.of(_MEETING, _RUN)
MEETING_PAGE = MeetingPage(
    meetings=(
        MeetingSummary(
            meeting_id=_MEETING,
            run_id=_RUN,
            title="Weekly planning",
            filename="weekly.m4a",
            status="completed",
            created_at=_BEGAN,
            ended_at=_ENDED,
            status_url=MEETING_ANSWER.status_url,
            results_url=MEETING_ANSWER.results_url,
        ),
    ),
    next_cursor=None,
)
MEETING_PROGRESS = MeetingProgress(
    meeting_id=_MEETING,
    run_id=_RUN,
    title="Weekly planning",
    status="processing",
    created_at=_BEGAN,
    ended_at=None,
    has_transcript=False,
    stages={
        "normalize": StageStatus(status="completed", started_at=_BEGAN, seconds=2.1, attempts=1, progress=1.0),
        "diarize": StageStatus(
            status="processing", started_at=_BEGAN, seconds=8.4, attempts=1, progress=0.6, engine="embedded"
        ),
        **{name: StageStatus(status="waiting") for name in ("match", "transcribe", "summarize")},
    },
    results_url=MEETING_ANSWER.results_url,
)
MEETING_CANCELLATION = MeetingCancellation(meeting_id=_MEETING, run_id=_RUN)
MEETING_RECEIPT = MeetingReceipt(meeting_id=_MEETING, deleted_at=_ENDED, runs=1, objects=14, pending=False)

_REPLAY = "0c8e5b1f-3a0e-4a53-9a0c-7a4f1f2f6b9e"
REPLAY_ANSWER = ReplayAnswer.of(_MEETING, _REPLAY)
MEETING_RUNS = MeetingRuns(
    runs=(
        MeetingRun(
            run_id=_REPLAY,
            status="processing",
            is_current=False,
            origin_run_id=_RUN,
            from_stage="diarize",
            settings=RunSettings.model_validate({"diarizer.max_speakers": 4, "transcriber.language": "en"}),
            personas=("executive",),
            created_at=_ENDED,
            ended_at=None,
            error=None,
            status_url=REPLAY_ANSWER.status_url,
            results_url=REPLAY_ANSWER.results_url,
        ),
        MeetingRun(
            run_id=_RUN,
            status="completed",
            is_current=True,
            origin_run_id=None,
            from_stage=None,
            settings=RunSettings.model_validate({"transcriber.language": "en"}),
            personas=("executive",),
            created_at=_BEGAN,
            ended_at=_ENDED,
            error=None,
            status_url=status_url(_MEETING, _RUN),
            results_url=results_url(_MEETING, _RUN),
        ),
    )
)

_USAGE = Usage(calls=3, cached_calls=1, input_tokens=38_000, output_tokens=3_200, cost_usd=0.00762)
_MINUTES = Minutes(
    persona="executive",
    title="For the executive",
    summary="The launch is in March.",
    summary_evidence=("u0001",),
    decisions=(Finding(text="Launch in March", evidence=("u0001",)),),
    action_items=(
        ActionItem(
            task="Tell the press",
            assignee="Ana Lindqvist",
            due=datetime.date(2026, 3, 6),
            due_text="by Friday",
            evidence=("u0002",),
        ),
    ),
    engine=EngineInfo(name="openai", models={"minutes": "gpt-4o-mini"}),
    usage=_USAGE,
)


def _said(number: str, start: float, text: str, *, label: str, name: str | None) -> NamedUtterance:
    words = tuple(
        Word(start=start + place * 0.25, end=start + place * 0.25 + 0.2, text=word, probability=0.97)
        for place, word in enumerate(text.split())
    )
    return NamedUtterance(id=number, start=start, end=words[-1].end, label=label, name=name, text=text, words=words)


RESULTS = Results(
    meeting_id=_MEETING,
    run_id=_RUN,
    title="Weekly planning",
    duration=1834.5,
    language="en",
    speakers=(
        ResultSpeaker(
            label="SPEAKER_00",
            speaker_id=_SPEAKER,
            name="Ana Lindqvist",
            score=0.86,
            reason="matched",
            speech_seconds=902.4,
        ),
        ResultSpeaker(
            label="SPEAKER_01", speaker_id=None, name=None, score=0.41, reason="below_threshold", speech_seconds=611.0
        ),
    ),
    utterances=(
        _said("u0001", 0.5, "We launch in March", label="SPEAKER_01", name=None),
        _said("u0002", 2.5, "I tell the press by Friday", label="SPEAKER_00", name="Ana Lindqvist"),
    ),
    gaps=(),
    minutes={"executive": _MINUTES},
    usage=_USAGE,
    pending_personas=("engineer",),
    engines={"diarize": EngineInfo(name="embedded", models={"embedding": "resemblyzer@0.1.4"})},
    warnings=(Warned(code="option_ignored", message="this engine takes no vocabulary", stage="transcribe"),),
)
RTTM = f"SPEAKER {_MEETING} 1 0.500 0.950 <NA> <NA> SPEAKER_01 <NA> <NA>\n"

ENROLMENT_ANSWER = EnrolmentAnswer(
    speaker_id=_SPEAKER,
    name="Ana Lindqvist",
    created=True,
    sample_ids=(_SAMPLE,),
    status_url=f"/api/speakers/{_SPEAKER}",
)
SPEAKER = Speaker(
    speaker_id=_SPEAKER,
    name="Ana Lindqvist",
    status="enrolled",
    created_at=_BEGAN,
    recognizable=True,
    samples=(
        SampleStatus(
            sample_id=_SAMPLE,
            filename="ana.wav",
            status="enrolled",
            error=None,
            models=("resemblyzer@0.1.4",),
            voiceprint="present",
            speech_seconds=11.8,
            created_at=_BEGAN,
        ),
    ),
)
SPEAKER_PAGE = SpeakerPage(speakers=(SPEAKER,), next_cursor=_CURSOR)
REEMBEDDING_ANSWER = ReembeddingAnswer(
    model="resemblyzer@0.1.4", started=12, present=3, under_way=0, failed=1, no_audio=0
)
SPEAKER_RECEIPT = SpeakerReceipt(
    speaker_id=_SPEAKER,
    deleted_at=_ENDED,
    samples=1,
    voiceprints=1,
    embeddings=3,
    galleries=1,
    objects=4,
    pending=False,
)

_UP = {name: DependencyHealth(status="up", latency=0.002) for name in ("postgres", "redis", "object_store")}
_DOWN = DependencyHealth(status="down", latency=3.0, error="no answer within 3 s")
_IDLE = StageHealth(workers=1, engines=(), waiting=0, pending=0, oldest=None)
_STAGES = dict.fromkeys((*(one.stage for one in LINE), PROJECTION), _IDLE)

HEALTH = Health(status="ok", release=RELEASE, dependencies=_UP, stages=_STAGES, problems=())
HEALTH_FAILING = Health(
    status="degraded",
    release=RELEASE,
    dependencies=_UP,
    stages={**_STAGES, "diarize": StageHealth(workers=0, engines=(), waiting=3, pending=0, oldest=41.7)},
    problems=("diarize has work and no living worker",),
)
READINESS = Readiness(status="ok", dependencies=_UP)
READINESS_FAILING = Readiness(status="degraded", dependencies={**_UP, "redis": _DOWN})
