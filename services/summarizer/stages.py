"""The stage `summarize`: the minutes of one meeting for one persona."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from libs.common.engine import EngineInfo
from libs.common.events import MinutesPlanned, MinutesWritten
from libs.common.minutes import Findings, Minutes
from libs.common.personas import Persona, Personas
from libs.common.request import MeetingRequest
from libs.common.running_engine import RunningEngine
from libs.common.speakers import SpeakerMatches
from libs.common.stage import Stage, Work
from libs.common.storage import ObjectStore
from libs.common.transcript import Transcript
from services.summarizer.answers import Answers
from services.summarizer.calls import Asker, Calls, Written
from services.summarizer.engines import MinutesRequest, Summarizer
from services.summarizer.metrics import AnswerMetrics

DEADLINE = 3600.0
"""Seconds for one persona: a long meeting is many calls, and a model on this machine may take minutes for each.

A hanging one is noticed by its silence, long before.
"""


def summarize_stage(
    store: ObjectStore,
    engine: RunningEngine[Summarizer],
    info: EngineInfo,
    answers: Answers,
    personas: Personas,
    *,
    slots: int = 1,
    registry: CollectorRegistry | None = None,
) -> Stage[MinutesPlanned]:
    """One unit per persona; `info` is what `engine.start()` returned, `registry` where calls are counted."""
    metrics = AnswerMetrics(registry or CollectorRegistry(), info)
    calls = Calls(engine, info, answers, at_once=slots, metrics=metrics)

    async def summarize(event: MinutesPlanned, work: Work) -> Sequence[MinutesWritten]:
        persona = personas.get(event.persona)
        request = await _request(store, event, persona)
        asker = Asker(workspace=event.workspace, meeting_id=event.meeting_id, run_id=event.run_id, persona=persona.id)
        written = await calls.minutes(request, asker, work)
        minutes = _minutes(persona, info, written, _checked(written, request, work))
        key = await work.keep("minutes.json", minutes)
        return [MinutesWritten(**event.subject, persona=persona.id, minutes_key=key, usage=minutes.usage)]

    return Stage(
        name="summarize",
        consumes=MinutesPlanned,
        handle=summarize,
        slots=slots,
        deadline=lambda _event: DEADLINE,
        engine=info,
    )


async def _request(store: ObjectStore, event: MinutesPlanned, persona: Persona) -> MinutesRequest:
    wanted = await store.load(MeetingRequest, event.request_key)
    matches = await store.load(SpeakerMatches, event.speakers_key)
    return MinutesRequest(
        persona=persona,
        transcript=await store.load(Transcript, event.transcript_key),
        names=matches.names,
        title=wanted.title,
        day=wanted.recorded_at.date() if wanted.recorded_at else None,
        vocabulary=wanted.vocabulary,
    )


def _checked(written: Written, request: MinutesRequest, work: Work) -> Findings:
    """The findings with evidence that exists; says so where a statement has none."""
    for caveat in written.caveats:
        work.warn(caveat.code, caveat.message)
    findings = written.findings.checked({one.id for one in request.transcript.utterances})
    stated = [one.is_supported for one in (*findings.decisions, *findings.open_questions)]
    stated += [one.is_supported for one in findings.action_items]
    unsupported = stated.count(False)
    if unsupported:
        work.warn("minutes_unsupported", f"{unsupported} of {len(stated)} statements in the minutes cite no utterance.")
    return findings


def _minutes(persona: Persona, info: EngineInfo, written: Written, findings: Findings) -> Minutes:
    answered = {"answered_by": ", ".join(written.models)} if written.models else {}
    return Minutes(
        **dict(findings),
        persona=persona.id,
        persona_digest=persona.digest,
        title=persona.title,
        parts=persona.parts,
        engine=EngineInfo(name=info.name, models=info.models | answered),
        is_cached=written.is_cached,
        usage=written.usage,
    )
