"""`python -m chaos.services.summarizer`: the real stage, with an engine that quotes the transcript."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

from chaos.services.work import INFO, Obedience, WorkSettings
from chaos.speech import instruction_of, summary_of
from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.minutes import Findings
from libs.common.personas import load_personas
from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.summarizer.answers import Answers
from services.summarizer.engines import Answer, Call, MinutesRequest, Plan, Summarizer
from services.summarizer.settings import SummarizerSettings
from services.summarizer.stages import summarize_stage


class Settings(WorkSettings, SummarizerSettings):
    """Read once, in `__main__`."""

    summarizer_engine: Literal["extractive", "openai"] = "extractive"
    """Not used."""


class ObedientSummarizer:
    """A `Summarizer`."""

    def __init__(self, obedience: Obedience) -> None:
        self._obedience = obedience

    @property
    def info(self) -> EngineInfo:
        return INFO

    def plan(self, request: MinutesRequest, answers: Mapping[str, Answer]) -> Plan:
        call = Call(name="all", asked=request.model_dump_json())
        answer = answers.get(call.digest)
        return Plan(calls=(call,)) if answer is None else Plan(findings=answer.findings)

    def answer(self, call: Call) -> Answer:
        request = MinutesRequest.model_validate_json(call.asked)
        utterances = request.transcript.utterances
        text = " ".join(one.text for one in utterances)
        self._obedience.obey(instruction_of(text), "summarize")
        summary = summary_of([(request.speaker(one.label), one.text) for one in utterances], request.persona.id)
        return Answer(findings=Findings(summary=summary, summary_evidence=tuple(one.id for one in utterances)))


@asynccontextmanager
async def _stages(settings: Settings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    personas = load_personas(settings.personas_dir)
    answers = Answers(resources.store, resources.cache, lifetime=settings.answer_lifetime)
    load, slots = partial(ObedientSummarizer, Obedience.of(settings)), settings.summarizer_processes
    engine: ChildEngine[Summarizer] = ChildEngine(load, processes=slots, limits=settings.limits)
    try:
        info = await engine.start()
        yield (summarize_stage(resources.store, engine, info, answers, personas, slots=slots),)
    finally:
        await engine.close()


if __name__ == "__main__":
    run_service("summarizer", Settings, _stages)
