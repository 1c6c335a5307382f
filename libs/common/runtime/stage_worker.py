"""One stage of one worker: takes deliveries as slots are free, and settles each of them."""

import asyncio
import json
import random
import time
from typing import Generic, TypeVar, cast

import structlog
from redis.exceptions import ResponseError

from libs.common.errors import UnreadableEvent
from libs.common.events import Event, StageFailed
from libs.common.outcome import Outcome, PublishedEvent, Report, Unit, outcome_key
from libs.common.runtime.attempt import Attempt, Delay, GiveUp, NothingYet, Verdict
from libs.common.runtime.delivery import Held
from libs.common.runtime.retry import REDIS_OUTAGE, backoff, until_answered
from libs.common.runtime.slots import Slots, Solitude
from libs.common.runtime.work import UnitWork
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.connection import BLOCK
from libs.common.streams.entry import entries_of, outcome_entries, parse_event
from libs.common.streams.queue import Delivery, StageQueue, Unreadable

E = TypeVar("E", bound=Event)

_PROMOTE_PERIOD = 1.0

_log = structlog.get_logger(__name__)


class StageWorker(Generic[E]):
    """Runs one stage until it is told to stop."""

    def __init__(
        self, stage: Stage[E], queue: StageQueue, store: ObjectStore, solitude: Solitude, *, lease: float
    ) -> None:
        self.stage = stage
        self.held: dict[str, Held[E]] = {}
        self._queue = queue
        self._store = store
        self._solitude = solitude
        self._lease = lease
        self._slots = Slots(stage.slots)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._next_takeover = 0.0
        self._next_promotion = 0.0

    async def run(self) -> None:
        """Take deliveries until `close`."""
        await until_answered(self._queue.ensure_group)
        failures = 0
        while (free := await self._slots.wait_free()) > 0:
            try:
                await self._take(free)
                failures = 0
            except (*REDIS_OUTAGE, ResponseError) as error:
                failures += 1
                _log.warning("redis is out of reach", stage=self.stage.name, error=str(error))
                # Redis's downtime counts as idle time of every lease.
                self._next_takeover = time.monotonic() + self._lease
                await asyncio.sleep(backoff(failures, base=0.1, cap=5.0))

    def close(self) -> None:
        """Take nothing new; `run` returns within the time that a read may wait."""
        self._is_stopping = True
        self._slots.close()

    async def drain(self, *, grace: float) -> None:
        """Let work in hand end within `grace` seconds, and hand back the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for held in list(self.held.values()):
            held.interrupt("stopping")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)
        for task in self._tasks:
            task.cancel()

    async def renew(self) -> None:
        """Renew all leases; interrupt what was lost or cancelled."""
        held = list(self.held.values())
        states = await self._queue.renew([(one.delivery, one.event.run_id) for one in held])
        for one, state in zip(held, states, strict=True):
            if state in {"lost", "cancelled"}:
                one.interrupt("lost" if state == "lost" else "cancelled")

    def progress(self) -> dict[str, dict[str, str]]:
        """Run id → unit name → JSON, for the units in hand."""
        found: dict[str, dict[str, str]] = {}
        for one in self.held.values():
            state = {
                "started_at": one.started_at.isoformat(),
                "fraction": round(one.work.fraction, 4),
                "attempt": one.work.attempt,
            }
            found.setdefault(one.unit.run_id, {})[one.unit.name] = json.dumps(state)
        return found

    async def _take(self, free: int) -> None:
        now = time.monotonic()
        if now >= self._next_promotion:
            self._next_promotion = now + _PROMOTE_PERIOD
            await self._queue.promote()
        if now >= self._next_takeover:
            self._next_takeover = now + self._lease * random.uniform(0.15, 0.35)  # noqa: S311 - jitter
            deliveries = await self._queue.take_over(free, lease=self._lease)
        else:
            block = min(BLOCK, self._next_promotion - now, self._next_takeover - now)
            deliveries = await self._queue.read(free, block=block)
        if deliveries:
            cancelled = await self._queue.cancelled_runs([one for one in deliveries if isinstance(one, Delivery)])
            for delivery in deliveries:
                self._begin(delivery, is_cancelled=delivery.id in cancelled)

    def _begin(self, delivery: Delivery | Unreadable, *, is_cancelled: bool) -> None:
        self._slots.take()
        task = asyncio.create_task(self._deliver(delivery, is_cancelled=is_cancelled))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()
        if not task.cancelled() and task.exception() is not None:
            _log.error("delivery failed", stage=self.stage.name, exc_info=task.exception())

    async def _deliver(self, delivery: Delivery | Unreadable, *, is_cancelled: bool) -> None:
        if isinstance(delivery, Unreadable):
            _log.error("discarded an entry that nobody can read", stage=self.stage.name, reason=delivery.reason)
            await until_answered(lambda: self._queue.discard(delivery))
            return
        if self._is_stopping:
            await self._queue.hand_back(delivery)
            return
        if delivery.entry.revision > self.stage.consumes.revision:
            _log.warning("handed back an event of a newer release", stage=self.stage.name)
            await self._queue.hand_back(delivery, at_once=False)
            return
        try:
            event = cast(E, parse_event(self.stage.consumes, delivery.entry))
        except ValueError as error:
            await self._refuse(delivery, error)
            return
        if is_cancelled:
            await self._queue.acknowledge(delivery, self._unit(event).id)
            return
        await self._hold(delivery, event)

    def _unit(self, event: E) -> Unit:
        return Unit(run_id=event.run_id, stage=self.stage.name, part=self.stage.part(event))

    async def _hold(self, delivery: Delivery, event: E) -> None:
        unit = self._unit(event)
        work = UnitWork(self._store, folder=event.folder, unit=unit, attempt=delivery.attempts)
        held = self.held[delivery.id] = Held(delivery, event, unit, work)
        structlog.contextvars.bind_contextvars(
            stage=unit.stage, part=unit.part or None, attempt=delivery.attempts, **_ids(event)
        )
        try:
            await self._work(held)
        finally:
            if self.held.get(delivery.id) is held:
                del self.held[delivery.id]

    async def _work(self, held: Held[E]) -> None:
        attempt = Attempt(self.stage, held.event, held.unit, held.work, delivery=held.delivery)
        verdict = await self._verdict(held, attempt)
        if isinstance(verdict, GiveUp):
            verdict = await self._give_up(held, attempt, verdict)
        if isinstance(verdict, Outcome):
            await self._publish(held, verdict)
        elif verdict is not None:
            await self._put_aside(held, verdict)

    async def _verdict(self, held: Held[E], attempt: Attempt[E]) -> Verdict | None:
        found = await until_answered(lambda: self._store.find(outcome_key(held.event.folder, held.unit)))
        if found is not None:
            return Outcome.model_validate_json(found)
        try:
            async with self._solitude.place(alone=held.delivery.times_delivered > 1):
                held.begin()
                try:
                    verdict = await attempt.run()
                finally:
                    held.end()
        except asyncio.CancelledError:
            if held.fate is None:
                raise
            cast(asyncio.Task[object], asyncio.current_task()).uncancel()
            await self._interrupted(held)
            return None
        return await self._commit(held, verdict) if isinstance(verdict, Outcome) else verdict

    async def _commit(self, held: Held[E], outcome: Outcome) -> Outcome:
        key = outcome_key(held.event.folder, held.unit)
        data = outcome.model_dump_json().encode()
        if await until_answered(lambda: self._store.put_new(key, data)):
            return outcome
        winner = Outcome.model_validate_json(await until_answered(lambda: self._store.get(key)))
        if winner != outcome:
            _log.info("another worker's outcome was there first")
            await held.work.discard()
        return winner

    async def _give_up(self, held: Held[E], attempt: Attempt[E], verdict: GiveUp) -> Outcome | None:
        if (await until_answered(lambda: self._queue.renew([(held.delivery, held.event.run_id)])))[0] == "lost":
            await held.work.discard()
            return None
        error = verdict.error
        _log.error("gave up", code=error.code, error=error.message, exc_info=error)
        return await self._commit(held, await attempt.given_up(error))

    async def _publish(self, held: Held[E], outcome: Outcome) -> None:
        entries = outcome_entries(outcome)
        settled = await until_answered(
            lambda: self._queue.settle(held.delivery, unit_id=held.unit.id, run_id=held.unit.run_id, entries=entries)
        )
        _log.info(
            "stage done",
            status=outcome.status,
            settled=settled,
            seconds=round(outcome.report.seconds, 3),
            engine=self.stage.engine.name if self.stage.engine else None,
            inputs=_shown(held.event),
            outputs=[_shown(event) for event in outcome.events],
            warnings=[warned.code for warned in outcome.report.warnings] or None,
        )

    async def _put_aside(self, held: Held[E], verdict: Delay | NothingYet) -> None:
        await held.work.discard()
        if isinstance(verdict, NothingYet):
            await until_answered(lambda: self._queue.acknowledge(held.delivery, held.unit.id))
            return
        await until_answered(
            lambda: self._queue.delay(held.delivery, held.unit.id, delay=verdict.delay, spent=verdict.spent)
        )

    async def _interrupted(self, held: Held[E]) -> None:
        _log.info("interrupted", fate=held.fate)
        await held.work.discard()
        if held.fate == "cancelled":
            await until_answered(lambda: self._queue.acknowledge(held.delivery, held.unit.id))
        elif held.fate == "stopping":
            await self._queue.hand_back(held.delivery)

    async def _refuse(self, delivery: Delivery, error: ValueError) -> None:
        """Report an event that cannot be read as a failure of its run."""
        publisher = delivery.entry.publisher
        unit = Unit(run_id=publisher.run_id, stage=self.stage.name)
        _log.error("unreadable event", stage=unit.stage, run_id=unit.run_id, error=str(error))
        failure = StageFailed(
            workspace="",
            run_id=unit.run_id,
            stage=unit.stage,
            unit_part="",
            code=UnreadableEvent.code,
            message=f"an event for stage {unit.stage} cannot be read",
            attempts=1,
        )
        report = Report.model_validate_json(delivery.entry.report)
        entries = entries_of(unit, (PublishedEvent.of(failure),), report)
        await until_answered(lambda: self._queue.settle(delivery, unit_id=unit.id, run_id=unit.run_id, entries=entries))


def _ids(event: Event) -> dict[str, str]:
    names = ("meeting_id", "sample_id", "run_id")
    return {name: value for name in names if (value := getattr(event, name, None))}


def _shown(event: Event) -> dict[str, object]:
    hidden = {"workspace", "run_id", "meeting_id", "sample_id", "speaker_id", "request_key"}
    return {"event": event.stream, **event.model_dump(mode="json", exclude=hidden)}
