"""The calls of one persona's minutes: each is answered once, kept at once, and found again by whoever asks the same."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from libs.common.engine import EngineInfo
from libs.common.errors import PipelineError, Postpone
from libs.common.minutes import Findings, Usage
from libs.common.running_engine import RunningEngine
from libs.common.stage import Work
from services.summarizer.answers import Answers, Found, Question
from services.summarizer.engines import Answer, Call, Caveat, MinutesRequest, Summarizer, usage_of_failure
from services.summarizer.metrics import AnswerMetrics
from services.summarizer.shared_progress import PartOfWork, SharedProgress
from services.summarizer.spans import model_span, tell_answer

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Asker:
    """For whom the calls are made: their answers go when the meeting goes."""

    workspace: str
    meeting_id: str
    run_id: str
    persona: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """The findings of all calls together, and what they took."""

    findings: Findings
    caveats: tuple[Caveat, ...]
    usage: Usage
    models: tuple[str, ...]
    """As the servers of remote models name them."""

    is_cached: bool


class Calls:
    """Makes the calls that an engine plans, so many at once as the engine has processes."""

    def __init__(
        self,
        engine: RunningEngine[Summarizer],
        info: EngineInfo,
        answers: Answers,
        *,
        at_once: int,
        metrics: AnswerMetrics,
    ) -> None:
        self._engine = engine
        self._metrics = metrics
        self._info = info
        self._answers = answers
        self._at_once = at_once
        self._places = asyncio.Semaphore(at_once)

    async def minutes(self, request: MinutesRequest, asker: Asker, work: Work) -> Written:
        """Ask until the plan has nothing more to ask; what is answered before a failure is not asked again."""
        given: dict[str, _Given] = {}
        progress = SharedProgress(work)
        while True:
            answers = {digest: one.answer for digest, one in given.items()}
            plan = await self._engine.run(progress.unheard(), Summarizer.plan, request, answers)
            if plan.findings is not None:
                return _written(plan.findings, plan.caveats, given)
            assert plan.calls, "a plan without findings has calls"
            given |= await self._answered(plan.calls, asker, progress)

    async def _answered(self, calls: Sequence[Call], asker: Asker, progress: SharedProgress) -> Mapping[str, "_Given"]:
        """All answers, or the error after which no further call began; those under way came to their end."""
        failed = asyncio.Event()
        turns = asyncio.Semaphore(self._at_once)  # in line for a place, so that a long meeting does not fill the line
        different = {call.digest: call for call in calls}
        progress.expect(len(different))

        async def in_turn(call: Call) -> _Given | None:
            async with turns, self._places:
                return await self._unless(failed, call, asker, progress)

        results = await asyncio.gather(*map(in_turn, different.values()), return_exceptions=True)
        errors = [one for one in results if isinstance(one, BaseException)]
        if errors:
            raise min(errors, key=_is_passing)
        return {digest: one for digest, one in zip(different, results, strict=True) if isinstance(one, _Given)}

    async def _unless(
        self, failed: asyncio.Event, call: Call, asker: Asker, progress: SharedProgress
    ) -> "_Given | None":
        if failed.is_set():
            return None
        try:
            return await self._one(call, asker, progress.part())
        except BaseException:
            failed.set()
            raise

    async def _one(self, call: Call, asker: Asker, work: PartOfWork) -> "_Given":
        question = Question(
            workspace=asker.workspace,
            meeting_id=asker.meeting_id,
            persona=asker.persona,
            engine=self._info,
            asked=call.asked,
        )
        started = time.monotonic()
        found = await self._answers.find(question)
        if found is None or not (found.answer.is_read or found.answer.run_id == asker.run_id):
            said = await self._said(call, work)
            answer = said.model_copy(update={"run_id": asker.run_id})
            await self._answers.keep(question, answer)
            found = Found(answer, "model")
        self._metrics.answered(found.source)
        given = _Given(found.answer, is_cached=found.answer.run_id != asker.run_id)
        work.progress(1.0)
        _tell(call, asker, given, time.monotonic() - started)
        return given

    async def _said(self, call: Call, work: PartOfWork) -> Answer:
        with model_span(self._info) as span:
            said = await self._paid(call, work)
            tell_answer(span, said)
        return said

    async def _paid(self, call: Call, work: PartOfWork) -> Answer:
        try:
            said = await self._engine.run(work, Summarizer.answer, call)
        except PipelineError as error:
            self._metrics.failed(usage_of_failure(error), error.code)
            raise
        self._metrics.took(said.usage, waited=said.waited)
        return said


@dataclass(frozen=True)
class _Given:
    """An answer, and whether another run bears its cost; an earlier attempt of this one does not count as such."""

    answer: Answer
    is_cached: bool

    @property
    def usage(self) -> Usage:
        """What it took of this run: an answer of a remote model that was there before takes nothing."""
        taken = self.answer.usage
        return Usage(calls=1, cached_calls=1) if self.is_cached and taken.calls else taken


def _written(findings: Findings, caveats: Sequence[Caveat], given: Mapping[str, _Given]) -> Written:
    answers = [one.answer for one in given.values()]
    said = [*(caveat for answer in answers for caveat in answer.caveats), *caveats]
    return Written(
        findings=findings,
        caveats=tuple(dict.fromkeys(said)),
        usage=sum((one.usage for one in given.values()), start=Usage()),
        models=tuple(dict.fromkeys(one.model for one in answers if one.model)),
        is_cached=bool(given) and all(one.is_cached for one in given.values()),
    )


def _is_passing(error: BaseException) -> bool:
    """An error that ends the unit goes before an outage, which would only have it tried again."""
    return isinstance(error, Postpone)


def _tell(call: Call, asker: Asker, given: _Given, seconds: float) -> None:
    usage = given.usage
    _log.info(
        "call answered",
        persona=asker.persona,
        call=call.name,
        model=given.answer.model,
        is_cached=given.is_cached,
        fits=given.answer.findings is not None,
        seconds=round(seconds, 3),
        **(usage.model_dump() if usage.calls else {}),
    )
