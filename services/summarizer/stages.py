"""The stage `summarize`: the minutes of one meeting for one persona."""

from collections.abc import Sequence

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
from services.summarizer.answers import Answers, Question
from services.summarizer.engines import Answer, MinutesRequest, Summarizer

DEADLINE = 900.0
"""Seconds for one persona; a remote engine reads a long meeting in many calls."""


def summarize_stage(
    store: ObjectStore,
    engine: RunningEngine[Summarizer],
    info: EngineInfo,
    answers: Answers,
    personas: Personas,
    *,
    slots: int = 1,
) -> Stage[MinutesPlanned]:
    """One unit per persona; `info` is what `engine.start()` returned."""

    async def summarize(event: MinutesPlanned, work: Work) -> Sequence[MinutesWritten]:
        persona = personas.get(event.persona)
        request = await _request(store, event, persona)
        question = Question(
            workspace=event.workspace,
            meeting_id=event.meeting_id,
            persona=persona.id,
            engine=info,
            asked=request.model_dump_json(),
        )
        answer = await answers.find(question)
        is_cached = answer is not None
        if answer is None:
            answer = await engine.run(work, Summarizer.summarize, request)
            await answers.keep(question, answer)
        minutes = _minutes(persona, info, _checked(answer, request, work), is_cached=is_cached)
        key = await work.keep("minutes.json", minutes)
        return [MinutesWritten(**event.subject, persona=persona.id, minutes_key=key)]

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


def _checked(answer: Answer, request: MinutesRequest, work: Work) -> Findings:
    """The findings with evidence that exists; says so where a statement has none."""
    for caveat in answer.caveats:
        work.warn(caveat.code, caveat.message)
    findings = answer.findings.checked({one.id for one in request.transcript.utterances})
    stated = [one.is_supported for one in (*findings.decisions, *findings.open_questions)]
    stated += [one.is_supported for one in findings.action_items]
    unsupported = stated.count(False)
    if unsupported:
        work.warn("minutes_unsupported", f"{unsupported} of {len(stated)} statements in the minutes cite no utterance.")
    return findings


def _minutes(persona: Persona, info: EngineInfo, findings: Findings, *, is_cached: bool) -> Minutes:
    return Minutes(
        **dict(findings),
        persona=persona.id,
        persona_digest=persona.digest,
        title=persona.title,
        parts=persona.parts,
        engine=info,
        is_cached=is_cached,
    )
