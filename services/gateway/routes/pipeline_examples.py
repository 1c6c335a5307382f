"""Answers about the line, as the description at `/docs` shows them: one chunk that could not be transcribed."""

import datetime

from libs.common.events import ChunkPlanned, ChunkTranscribed
from libs.common.outcome import GivenUp, Outcome, PublishedEvent, Report, Unit, Warned
from libs.common.release import RELEASE
from libs.common.speech import Segment
from libs.common.streams.entry import fact_name
from libs.common.streams.monitor import STREAMS
from libs.common.streams.place import Place
from services.gateway.pipeline.summary import Published
from services.gateway.schemas.dead import (
    DeadLetter,
    DeadLetterDetails,
    DeadLetterPage,
    DroppedLetters,
    RetriedLetters,
    RetriedRun,
)
from services.gateway.schemas.events import MeetingEvents, PastEvent, SpeakerEvents, TailedEvent
from services.gateway.schemas.pipeline import (
    Pipeline,
    PutBacks,
    QueueState,
    StageOverview,
    StageWorker,
    Throughput,
)

_MEETING = "3f0c8f6e-5f43-4c5e-9d0e-2f4a3b1c9d70"
_RUN = "b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22"
_SPEAKER = "a1d1c9a2-8a3f-4a53-b7a4-0c6f1b1f6f0e"
_AT = datetime.datetime(2026, 3, 2, 10, 0, 41, tzinfo=datetime.UTC)
_FOLDER = f"meetings/{_MEETING}/{_RUN}"
_UNIT = Unit(run_id=_RUN, stage="transcribe", part="00003")

_PLANNED = ChunkPlanned(
    workspace="default",
    run_id=_RUN,
    meeting_id=_MEETING,
    request_key=f"{_FOLDER}/request.json",
    audio_key=f"{_FOLDER}/normalize/5f0c/audio.flac",
    duration=1834.5,
    turns_key=f"{_FOLDER}/diarize/81b2/turns.json",
    speakers_key=f"{_FOLDER}/match/0a4e/speakers.json",
    index=3,
    num_chunks=61,
    segment=Segment(start=88.2, end=117.9),
)
_GIVEN_UP = GivenUp(code="engine_crashed", message="the engine's process died")
_REPORT = Report(
    started_at=_AT - datetime.timedelta(seconds=2.4),
    seconds=2.4,
    attempts=3,
    warnings=(Warned(code="chunk_failed", message="Nothing is written for 88.2 to 117.9 s", stage="transcribe"),),
    given_up=_GIVEN_UP,
)
_TRANSCRIBED = ChunkTranscribed(
    **_PLANNED.model_dump(), words_key=None, error_code=_GIVEN_UP.code, error_message=_GIVEN_UP.message
)
_SUMMARY = Published(
    publisher=_UNIT,
    position=0,
    stream=_TRANSCRIBED.stream,
    event=_TRANSCRIBED.model_dump_json(),
    report=_REPORT.model_dump_json(),
    at=_AT,
).summary()
_EVENT = PastEvent(**dict(_SUMMARY), since_start=41.0, since_previous=0.8, queued=11.3, worked_in=None)
_TAILED = TailedEvent(**dict(_SUMMARY), is_again=False, spent=0)
_PLACE = Place(0).after(_TAILED.stream, f"{int(_AT.timestamp() * 1000)}-0")
TAIL = f"id: {_PLACE}\ndata: {_TAILED.model_dump_json()}\n\n"

_STAGE = StageOverview(
    queue=QueueState(
        waiting=4,
        pending=1,
        delayed=1,
        oldest=12.7,
        attempts=2,
        repeated=1,
        length=61,
        memory_bytes=48_112,
    ),
    workers=(StageWorker(consumer="transcriber-host-7-1f6c22aa", release=RELEASE, engine="faster-whisper"),),
    throughput=Throughput(
        last_minute=22,
        last_5_minutes=108,
        last_15_minutes=301,
        per_minute=20.07,
        median_seconds=2.61,
        percentile_95_seconds=3.44,
    ),
    put_backs=PutBacks(inputs=0, last_at=None),
    dead=1,
)
PIPELINE = Pipeline(at=_AT, stages=dict.fromkeys(STREAMS, _STAGE))
MEETING_EVENTS = MeetingEvents(
    meeting_id=_MEETING, run_id=_RUN, status="processing", events=(_EVENT,), next_cursor=None
)
SPEAKER_EVENTS = SpeakerEvents(speaker_id=_SPEAKER, events=())

_LETTER = DeadLetter(
    event=fact_name(_UNIT, 0),
    kind="fell_back",
    code=_GIVEN_UP.code,
    message=_GIVEN_UP.message,
    attempts=3,
    input=fact_name(Unit(run_id=_RUN, stage="plan"), 3),
    run_id=_RUN,
    stage="transcribe",
    part="00003",
    meeting_id=_MEETING,
    title="Weekly",
    filename="weekly.mp4",
    speaker_id=None,
    speaker_name=None,
    sample_id=None,
    at=_AT,
)
DEAD_LETTER_PAGE = DeadLetterPage(letters=(_LETTER,), codes={"engine_crashed": 1}, next_cursor=None)
DEAD_LETTER_DETAILS = DeadLetterDetails(
    letter=_LETTER,
    outcome=Outcome(
        unit=_UNIT,
        status="finished",
        published=(PublishedEvent.of(_TRANSCRIBED),),
        report=_REPORT,
        input=PublishedEvent.of(_PLANNED),
    ),
)
DROPPED_LETTERS = DroppedLetters(count=1, events=(_LETTER.event,), dry_run=False)
RETRIED_LETTERS = RetriedLetters(
    count=1,
    runs=(
        RetriedRun(
            origin_run_id=_RUN,
            run_id="0d9a7c58-1c2b-4a6e-8f57-6c1d2e3f4a5b",
            meeting_id=_MEETING,
            sample_id=None,
            events=(_LETTER.event,),
            error=None,
        ),
    ),
    dry_run=False,
)
