"""The status of stages follows from facts and from the units in hand."""

import datetime
from dataclasses import replace

from libs.common.engine import EngineInfo
from libs.common.events import AudioNormalized, ChunkPlanned, Event, MinutesWritten, StageFailed, TranscriptAssembled
from libs.common.minutes import Usage
from libs.common.outcome import Report, Unit
from libs.common.speech import Segment
from services.gateway.runs.facts import Fact, Run, RunFacts
from services.gateway.runs.live_progress import LiveUnit
from services.gateway.runs.status import meeting_progress
from services.gateway.schemas.meetings import MeetingProgress, MeetingStatus

BEGIN = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
SUBJECT = {"workspace": "default", "run_id": "r", "meeting_id": "m", "request_key": "q"}
CHUNK = ChunkPlanned(
    **SUBJECT, audio_key="a", duration=9.0, turns_key="t", speakers_key="s", index=0, num_chunks=4,
    segment=Segment(start=0, end=9),
)  # fmt: skip
TRANSCRIPT = TranscriptAssembled(
    **SUBJECT, duration=9.0, language="en", transcript_key="t", speakers_key="s", personas=("executive", "engineer")
)


def fact(
    stage: str,
    part: str = "",
    event: Event = CHUNK,
    *,
    siblings: int = 1,
    seconds: float = 2.0,
    attempts: int = 1,
) -> Fact:
    report = Report(started_at=BEGIN, seconds=seconds, attempts=attempts, engine=EngineInfo(name=f"{stage}-engine"))
    return Fact(unit=Unit(run_id="r", stage=stage, part=part), siblings=siblings, event=event, report=report)


def failed(stage: str, part: str = "") -> Fact:
    event = StageFailed(
        workspace="default",
        run_id="r",
        stage=stage,
        unit_part=part,
        code="engine_crashed",
        message="it died",
        attempts=3,
    )
    return fact(stage, part, event, attempts=3)


def progress(
    *facts: Fact, live: dict[str, LiveUnit] | None = None, status: MeetingStatus = "processing"
) -> MeetingProgress:
    has_ended = status in {"completed", "failed", "cancelled"}
    run = Run(
        id="r", meeting_id="m", title=None, filename=None, status=status, version=1, created_at=BEGIN,
        ended_at=BEGIN if has_ended else None, error=None,
    )  # fmt: skip
    return meeting_progress(run, RunFacts(facts), live or {}, now=BEGIN + datetime.timedelta(seconds=5))


def states(found: MeetingProgress) -> list[str]:
    return [one.status for one in found.stages.values()]


def in_hand(fraction: float, attempt: int = 1) -> LiveUnit:
    return LiveUnit(started_at=BEGIN, fraction=fraction, attempt=attempt)


def test_stages_are_listed_in_the_order_of_the_line() -> None:
    found = progress(fact("accept"), status="accepted")
    assert list(found.stages) == ["normalize", "diarize", "match", "transcribe", "summarize"]
    assert states(found) == ["waiting"] * 5
    assert found.status == "accepted"


def test_a_unit_in_hand_makes_its_stage_and_the_meeting_processing() -> None:
    found = progress(fact("accept"), live={"normalize": in_hand(0.4, attempt=2)}, status="accepted")
    stage = found.stages["normalize"]
    assert (found.status, stage.status, stage.progress, stage.attempts) == ("processing", "processing", 0.4, 2)
    assert stage.seconds == 5.0
    assert stage.started_at == BEGIN


def test_a_finished_stage_says_what_its_report_says() -> None:
    normalized = AudioNormalized(**SUBJECT, audio_key="a", duration=9.0)
    found = progress(fact("normalize", event=normalized, attempts=2), live={"normalize": in_hand(0.9)})
    stage = found.stages["normalize"]
    assert (stage.status, stage.progress, stage.seconds, stage.attempts) == ("completed", 1.0, 2.0, 2)
    assert stage.engine == "normalize-engine"


def test_transcription_is_counted_in_chunks() -> None:
    chunks = [fact("transcribe", "00000"), fact("transcribe", "00001")]
    found = progress(fact("plan", event=CHUNK, siblings=4), *chunks, live={"transcribe.00002": in_hand(0.5)})
    stage = found.stages["transcribe"]
    assert (stage.status, stage.progress) == ("processing", 0.625)
    assert stage.seconds == 6.0 + 5.0


def test_transcription_is_completed_only_when_it_is_assembled() -> None:
    facts = [fact("plan", event=CHUNK, siblings=1), fact("transcribe", "00000")]
    assert progress(*facts).stages["transcribe"].status == "processing"
    assert progress(*facts, fact("assemble", event=TRANSCRIPT)).stages["transcribe"].status == "completed"


def test_a_chunk_that_failed_does_not_fail_the_stage() -> None:
    found = progress(failed("transcribe", "00000"), fact("assemble", event=TRANSCRIPT))
    assert found.stages["transcribe"].status == "completed"
    assert found.has_transcript


def test_minutes_are_completed_when_every_persona_has_them() -> None:
    transcript = fact("assemble", event=TRANSCRIPT)
    half = progress(transcript, fact("summarize", "executive")).stages["summarize"]
    assert (half.status, half.progress) == ("processing", 0.5)
    whole = progress(transcript, fact("summarize", "executive"), fact("summarize", "engineer")).stages["summarize"]
    assert (whole.status, whole.progress) == ("completed", 1.0)


def test_minutes_that_failed_are_said_when_the_others_are_done() -> None:
    transcript = fact("assemble", event=TRANSCRIPT)
    assert progress(transcript, failed("summarize", "engineer")).stages["summarize"].status == "processing"
    found = progress(transcript, failed("summarize", "engineer"), fact("summarize", "executive"), status="completed")
    stage = found.stages["summarize"]
    assert stage.error is not None
    assert (stage.status, stage.error.code, found.status) == ("failed", "engine_crashed", "completed")


def test_what_comes_after_a_failure_is_skipped() -> None:
    found = progress(fact("normalize"), failed("diarize"), status="failed")
    assert states(found) == ["completed", "failed", "skipped", "skipped", "skipped"]
    assert found.stages["diarize"].attempts == 3


def test_a_cancelled_meeting_shows_no_unit_in_hand() -> None:
    found = progress(fact("normalize"), live={"diarize": in_hand(0.5)}, status="cancelled")
    assert states(found) == ["completed", "skipped", "skipped", "skipped", "skipped"]


def test_a_stage_says_what_its_own_units_took_of_remote_models() -> None:
    usage = Usage(calls=3, cached_calls=1, input_tokens=900, output_tokens=100, cost_usd=0.25)
    engineer, executive = (
        fact("summarize", one, MinutesWritten(**SUBJECT, persona=one, minutes_key="k", usage=usage))
        for one in ("engineer", "executive")
    )
    found = progress(fact("assemble", "", TRANSCRIPT), engineer, executive)
    assert found.stages["summarize"].usage == usage + usage
    assert found.stages["transcribe"].usage is None
    replayed = progress(fact("assemble", "", TRANSCRIPT), engineer, replace(executive, is_reused=True))
    assert replayed.stages["summarize"].usage == usage


def test_minutes_that_asked_no_remote_model_have_no_usage() -> None:
    found = progress(fact("summarize", "engineer", MinutesWritten(**SUBJECT, persona="engineer", minutes_key="k")))
    assert found.stages["summarize"].usage is None
