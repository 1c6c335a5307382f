"""The status of a run's stages: a function of its facts and of the units in hand."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.common.events import ChunkPlanned, MinutesWritten, TranscriptAssembled
from libs.common.minutes import Usage
from libs.common.outcome import Report, Unit
from services.gateway.runs.facts import Run, RunFacts
from services.gateway.runs.live_progress import LiveUnit
from services.gateway.schemas.meetings import MeetingProgress, StageState, StageStatus, results_url
from services.gateway.schemas.problems import StageError

STAGES: dict[str, tuple[str, ...]] = {
    "normalize": ("normalize",),
    "diarize": ("diarize",),
    "match": ("match",),
    "transcribe": ("plan", "transcribe", "assemble"),
    "summarize": ("summarize",),
}
"""Stages as a client sees them, in the order of the line, and the stages of the pipeline that each stands for."""


@dataclass(frozen=True)
class _Line:
    """Everything that the status of one stage follows from."""

    run: Run
    facts: RunFacts
    live: Mapping[str, LiveUnit]
    now: datetime.datetime


def meeting_progress(
    run: Run, facts: RunFacts, live: Mapping[str, LiveUnit], *, now: datetime.datetime
) -> MeetingProgress:
    """Where a meeting is."""
    line = _Line(run, facts, live if run.ended_at is None else {}, now)
    stages = {name: _stage(line, parts) for name, parts in STAGES.items()}
    is_begun = run.status == "accepted" and any(one.status == "processing" for one in stages.values())
    return MeetingProgress(
        meeting_id=run.meeting_id,
        run_id=run.id,
        is_current=run.is_current,
        origin_run_id=run.origin_id,
        title=run.title,
        status="processing" if is_begun else run.status,
        created_at=run.created_at,
        ended_at=run.ended_at,
        has_transcript=any(facts.events(TranscriptAssembled)),
        stages=stages,
        error=run.error,
        results_url=results_url(run.meeting_id, None if run.is_current else run.id),
    )


def _stage(line: _Line, parts: tuple[str, ...]) -> StageStatus:
    done = {unit: report for unit, report in line.facts.reports.items() if unit.stage in parts}
    names = {unit.name for unit in done}
    live = {name: one for name, one in line.live.items() if name.partition(".")[0] in parts and name not in names}
    own = [report for unit, report in done.items() if unit not in line.facts.reused]
    error = _error(line, parts, done)
    progress = 1.0 if _is_finished(line, parts, done) else _fraction(line, parts, done, live)
    state = _state(line, error=error, progress=progress, is_begun=bool(done or live))
    beginnings = [*(one.started_at for one in own), *(one.started_at for one in live.values())]
    return StageStatus(
        status="reused" if state == "completed" and done and not own else state,
        started_at=min(beginnings, default=None),
        seconds=round(_worked(line, own, live.values()), 3),
        attempts=max((*(one.attempts for one in own), *(one.attempt for one in live.values())), default=0),
        progress=progress,
        engine=next((one.engine.name for one in done.values() if one.engine), None),
        usage=_usage(line, parts),
        error=error,
    )


def _state(line: _Line, *, error: StageError | None, progress: float, is_begun: bool) -> StageState:
    if error is not None:
        return "failed"
    if progress == 1.0:
        return "completed"
    if line.run.ended_at is not None:
        return "skipped"
    return "processing" if is_begun else "waiting"


def _error(line: _Line, parts: tuple[str, ...], done: Mapping[Unit, Report]) -> StageError | None:
    """A chunk that failed is a gap in the transcript; minutes that failed count when all others are done."""
    failures = [(unit, error) for unit, error in line.facts.failures.items() if unit.stage in parts]
    if not failures or ("summarize" in parts and len(done) < _expected(line, parts)):
        return None
    return next((error for unit, error in failures if unit.stage != "transcribe"), None)


def _is_finished(line: _Line, parts: tuple[str, ...], done: Mapping[Unit, Report]) -> bool:
    """Whether all units of the last of `parts` are done. A run that is completed needs no more facts."""
    if line.run.status == "completed":
        return True
    last = sum(unit.stage == parts[-1] for unit in done)
    return last > 0 and last >= (_expected(line, parts) if parts == ("summarize",) else 1)


def _fraction(line: _Line, parts: tuple[str, ...], done: Mapping[Unit, Report], live: Mapping[str, LiveUnit]) -> float:
    counted = "transcribe" if "transcribe" in parts else parts[-1]
    finished = sum(unit.stage == counted for unit in done)
    running = sum(one.fraction for name, one in live.items() if name.partition(".")[0] == counted)
    return round(min(0.99, (finished + running) / _expected(line, parts)), 4)


def _expected(line: _Line, parts: tuple[str, ...]) -> int:
    """How many units the stage will have, as far as that is known."""
    if "transcribe" in parts:
        return max((fact.siblings for fact in line.facts.facts if isinstance(fact.event, ChunkPlanned)), default=1)
    if "summarize" in parts:
        return max((len(one.personas) for one in line.facts.events(TranscriptAssembled)), default=1)
    return 1


def _usage(line: _Line, parts: tuple[str, ...]) -> Usage | None:
    """What a replay takes over costs it nothing."""
    own = (fact.event for fact in line.facts.facts if fact.unit.stage in parts and not fact.is_reused)
    total = sum((event.usage for event in own if isinstance(event, MinutesWritten)), start=Usage())
    return total if total.calls else None


def _worked(line: _Line, done: Iterable[Report], live: Iterable[LiveUnit]) -> float:
    running = ((line.now - one.started_at).total_seconds() for one in live)
    return sum(one.seconds for one in done) + sum(max(0.0, one) for one in running)
