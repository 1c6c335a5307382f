"""One attempt at one unit: from the handler to its outcome, or to what should happen instead."""

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from libs.common.errors import DeadlineExceeded, InternalError, PipelineError, Postpone, WorkerCrashed
from libs.common.events import Event, MeetingEvent, SampleEvent, StageFailed
from libs.common.metrics.stages import Result
from libs.common.outcome import GivenUp, Outcome, PublishedEvent, Report, Unit
from libs.common.runtime.retry import backoff, postponement
from libs.common.runtime.work import UnitWork
from libs.common.stage import Stage
from libs.common.streams.queue import Delivery

E = TypeVar("E", bound=Event)

_POSTPONED_AT_MOST = 86400.0
_MESSAGE_LENGTH = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delay:
    """Try again after `delay` seconds, with `spent` attempts used up."""

    delay: float
    spent: int
    code: str
    waiting_since: str = ""
    is_postponed: bool = False
    """It does not count as an attempt."""


@dataclass(frozen=True)
class GiveUp:
    """No further attempt."""

    error: PipelineError


@dataclass(frozen=True)
class NothingYet:
    """The handler had nothing to say: acknowledge without an outcome."""


Verdict = Outcome | Delay | GiveUp | NothingYet


def result_of(verdict: Verdict) -> tuple[Result, str]:
    """What an attempt counts as, and the code of its error."""
    match verdict:
        case Outcome():
            return "finished", ""
        case NothingYet():
            return "nothing_yet", ""
        case GiveUp(error):
            return "failed", error.code
        case Delay():
            return "postponed" if verdict.is_postponed else "failed", verdict.code


class Attempt(Generic[E]):
    """Calls the handler and says what follows."""

    def __init__(self, stage: Stage[E], event: E, unit: Unit, work: UnitWork, *, delivery: Delivery) -> None:
        self._stage = stage
        self._event = event
        self._unit = unit
        self._work = work
        self._attempts = delivery.attempts
        self._entry = delivery.entry
        self._started_at = datetime.datetime.now(datetime.UTC)
        self._started = time.monotonic()

    async def run(self) -> Verdict:
        """Handle the event once."""
        if self._attempts > self._stage.max_attempts:
            return GiveUp(WorkerCrashed(f"the worker died under {self._unit.name} {self._attempts - 1} times"))
        try:
            async with self._work.within(self._stage.deadline(self._event)):
                events = await self._stage.handle(self._event, self._work)
        except Postpone as error:
            return self._postponed(error)
        except PipelineError as error:
            return self._failed(error)
        except TimeoutError:
            return self._failed(DeadlineExceeded(f"{self._unit.name} took longer than its deadline"))
        except Exception as error:  # noqa: BLE001 - a handler's fault must not stop the worker
            _log.exception("handler failed")
            return self._failed(unexpected(error, self._stage.name))
        return NothingYet() if events is None else self.finished(events)

    async def given_up(self, error: PipelineError) -> Outcome | Delay:
        """The outcome when no attempt is left: what the stage declares instead, or the failure."""
        if self._stage.fallback is not None:
            try:
                async with self._work.within(self._stage.deadline(self._event)):
                    events = await self._stage.fallback(self._event, self._work, error)
                    return self._outcome(events, given_up=error)
            except Postpone as outage:
                if isinstance(verdict := self._postponed(outage), Delay):
                    return verdict
            except Exception:  # noqa: BLE001 - whatever it is, the unit has to end
                _log.exception("fallback failed")
        return self._outcome([self._failure(error)], given_up=error, is_failed=True)

    def finished(self, events: Sequence[Event]) -> Outcome:
        """The outcome of a handler that returned."""
        return self._outcome(events)

    def _postponed(self, error: Postpone) -> Delay | GiveUp:
        now = time.time()
        since = float(self._entry.waiting_since or now)
        if now - since > _POSTPONED_AT_MOST:
            return GiveUp(error)
        _log.warning("postponed", code=error.code, error=error.message)
        delay = postponement(now - since) if error.delay is None else error.delay
        return Delay(delay, spent=self._attempts - 1, code=error.code, waiting_since=f"{since:.3f}", is_postponed=True)

    def _failed(self, error: PipelineError) -> Verdict:
        if not error.retryable or self._attempts >= self._stage.max_attempts:
            return GiveUp(error)
        _log.warning("attempt failed", code=error.code, error=error.message, exc_info=True)
        return Delay(
            backoff(self._attempts), spent=self._attempts, code=error.code, waiting_since=self._entry.waiting_since
        )

    def _failure(self, error: PipelineError) -> StageFailed:
        event: Event = self._event
        return StageFailed(
            workspace=event.workspace,
            run_id=event.run_id,
            meeting_id=event.meeting_id if isinstance(event, MeetingEvent) else None,
            speaker_id=event.speaker_id if isinstance(event, SampleEvent) else None,
            sample_id=event.sample_id if isinstance(event, SampleEvent) else None,
            stage=self._unit.stage,
            unit_part=self._unit.part,
            code=error.code,
            message=error.message[:_MESSAGE_LENGTH],
            attempts=min(self._attempts, self._stage.max_attempts),
        )

    def _outcome(
        self, events: Sequence[Event], *, given_up: PipelineError | None = None, is_failed: bool = False
    ) -> Outcome:
        report = Report(
            started_at=self._started_at,
            seconds=time.monotonic() - self._started,
            attempts=min(self._attempts, self._stage.max_attempts),
            engine=self._stage.engine,
            warnings=self._work.warnings,
            given_up=GivenUp(code=given_up.code, message=given_up.message[:_MESSAGE_LENGTH]) if given_up else None,
        )
        return Outcome(
            unit=self._unit,
            status="failed" if is_failed else "finished",
            published=tuple(PublishedEvent.of(event) for event in events),
            report=report,
            input=PublishedEvent.of(self._event),
            objects=self._work.kept,
        )


def unexpected(error: Exception, stage: str) -> InternalError:
    """What an error that no handler should raise counts as."""
    return InternalError(f"{type(error).__name__} in stage {stage}")
