"""What becomes of one delivery, from the look for its outcome to its settlement."""

import asyncio
import logging
import time
from typing import Generic, TypeVar, cast

import structlog
from pydantic import ValidationError

from libs.common.events import Event
from libs.common.metrics.stages import StageMetrics
from libs.common.outcome import Outcome, outcome_key
from libs.common.runtime.attempt import Attempt, Delay, GiveUp, NothingYet, Verdict, result_of
from libs.common.runtime.held import Held
from libs.common.runtime.retry import until_answered
from libs.common.runtime.slots import Solitude
from libs.common.runtime.unit_spans import publishing_span, tell_outcome, tell_result, unit_span
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.entry import outcome_entries
from libs.common.streams.queue import Settled, StageQueue
from libs.common.tracing.spans import trace_of

E = TypeVar("E", bound=Event)

_log = structlog.get_logger(__name__)


class Handling(Generic[E]):
    """Works one unit of a stage to its outcome, and publishes what that says."""

    def __init__(
        self, stage: Stage[E], queue: StageQueue, store: ObjectStore, solitude: Solitude, metrics: StageMetrics
    ) -> None:
        self._stage = stage
        self._queue = queue
        self._store = store
        self._solitude = solitude
        self._metrics = metrics

    async def handle(self, held: Held[E]) -> None:
        """Settle the delivery in one way or another."""
        with unit_span(self._stage, held):
            await self._handle(held)

    async def _handle(self, held: Held[E]) -> None:
        attempt = Attempt(self._stage, held.event, held.unit, held.work, delivery=held.delivery)
        held.begin()
        try:
            verdict = await self._verdict(held, attempt)
        except asyncio.CancelledError:
            if held.fate is None:
                raise
            cast(asyncio.Task[object], asyncio.current_task()).uncancel()
            held.end()
            await self._interrupted(held)
            return
        finally:
            held.end()
        if isinstance(verdict, bytes):
            await self._publish_found(held, verdict)
        else:
            await self._follow(held, attempt, verdict)

    async def _verdict(self, held: Held[E], attempt: Attempt[E]) -> Verdict | bytes:
        """What the handler says, or the outcome that is there already."""
        key = outcome_key(held.event.folder, held.unit)
        async with self._solitude.place(alone=held.delivery.is_suspect):
            found = await until_answered(lambda: self._store.find(key))
            if found is not None:
                self._metrics.found_outcome()
                tell_result("found")
                return found
            return await self._attempted(held, attempt)

    async def _attempted(self, held: Held[E], attempt: Attempt[E]) -> Verdict:
        if not held.delivery.is_suspect:
            self._metrics.waited(held.delivery.id)
        began = time.monotonic()
        verdict = await attempt.run()
        seconds = time.monotonic() - began
        result, code = result_of(verdict)
        tell_result(result, code)
        self._metrics.ended(result, code, seconds=seconds, audio_seconds=self._heard(held.event, verdict))
        return verdict

    def _heard(self, event: E, verdict: Verdict) -> float | None:
        if self._stage.audio_seconds is None or not isinstance(verdict, Outcome):
            return None
        return self._stage.audio_seconds(event, verdict.events)

    async def _follow(self, held: Held[E], attempt: Attempt[E], verdict: Verdict) -> None:
        if isinstance(verdict, GiveUp):
            if await self._is_lost(held):
                await held.work.discard()
                return
            error = verdict.error
            _log.error("gave up", code=error.code, error=error.message, exc_info=error)
            verdict = await attempt.given_up(error)
        if isinstance(verdict, Outcome):
            await self._commit(held, verdict)
        elif not isinstance(verdict, GiveUp):
            await self._put_aside(held, verdict)

    async def _commit(self, held: Held[E], outcome: Outcome) -> None:
        """Put the outcome unless there is one, and publish the one that is there."""
        key, data = outcome_key(held.event.folder, held.unit), outcome.model_dump_json().encode()
        if not await until_answered(lambda: self._store.put_new(key, data)):
            there = await until_answered(lambda: self._store.get(key))
            if there != data:  # equal if only the answer to our own put was lost
                _log.info("another worker's outcome was there first")
                self._metrics.lost_to("outcome")
                await held.work.discard()
                await self._publish_found(held, there)
                return
        if outcome.report.given_up is not None:
            self._metrics.gave_up(outcome.report.given_up.code, is_failed=outcome.status == "failed")
        await self._publish(held, outcome)

    async def _publish_found(self, held: Held[E], data: bytes) -> None:
        try:
            outcome = Outcome.model_validate_json(data)
            _ = outcome.events
        except (ValidationError, KeyError):
            _log.exception("handed back a unit whose outcome a newer release wrote")
            await until_answered(lambda: self._queue.hand_back(held.delivery, at_once=False))
            return
        await self._publish(held, outcome)

    async def _publish(self, held: Held[E], outcome: Outcome) -> None:
        with publishing_span(outcome) as span:
            entries, unit = outcome_entries(outcome, trace=trace_of(span)), held.unit
            settled = await until_answered(
                lambda: self._queue.settle(held.delivery, unit_id=unit.id, run_id=unit.run_id, entries=entries)
            )
        tell_outcome(outcome, settled)
        if settled == "settled":
            self._metrics.lost_to("marker")
        if _log.is_enabled_for(logging.INFO):
            self._report(held, outcome, settled)

    def _report(self, held: Held[E], outcome: Outcome, settled: Settled) -> None:
        _log.info(
            "stage done",
            status=outcome.status,
            settled=settled,
            seconds=round(outcome.report.seconds, 3),
            engine=self._stage.engine.name if self._stage.engine else None,
            inputs=_shown(held.event),
            outputs=[_shown(event) for event in outcome.events],
            warnings=[warned.code for warned in outcome.report.warnings] or None,
        )

    async def _put_aside(self, held: Held[E], verdict: Delay | NothingYet) -> None:
        await held.work.discard()
        delivery, unit_id = held.delivery, held.unit.id
        if isinstance(verdict, NothingYet):
            await until_answered(lambda: self._queue.acknowledge(delivery, unit_id))
            return
        delay, spent, since = verdict.delay, verdict.spent, verdict.waiting_since
        await until_answered(
            lambda: self._queue.delay(delivery, unit_id, delay=delay, spent=spent, waiting_since=since)
        )

    async def _interrupted(self, held: Held[E]) -> None:
        self._metrics.interrupted(str(held.fate))
        tell_result(str(held.fate))
        _log.info("interrupted", fate=held.fate)
        await held.work.discard()
        if held.fate == "cancelled":
            await until_answered(lambda: self._queue.acknowledge(held.delivery, held.unit.id))
        elif held.fate == "stopping":
            await until_answered(lambda: self._queue.hand_back(held.delivery))

    async def _is_lost(self, held: Held[E]) -> bool:
        [state] = await until_answered(lambda: self._queue.renew([(held.delivery, held.event.run_id)]))
        return state == "lost"


def _shown(event: Event) -> dict[str, object]:
    hidden = {"workspace", "run_id", "meeting_id", "sample_id", "speaker_id", "request_key"}
    return {"event": event.stream, **event.model_dump(mode="json", exclude=hidden)}
