"""One stage of one worker: takes deliveries as slots are free."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Generic, TypeVar, cast

import structlog
from redis.exceptions import RedisError

from libs.common.events import Event
from libs.common.metrics.stages import StageMetrics, WorkerMetrics
from libs.common.outcome import Unit
from libs.common.runtime.handling import Handling
from libs.common.runtime.held import Held
from libs.common.runtime.motion import StageMotion, usual_patience
from libs.common.runtime.retry import short_backoff, until_answered
from libs.common.runtime.slots import Slots, Solitude
from libs.common.runtime.work import UnitWork
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.connection import BLOCK
from libs.common.streams.entry import parse_event
from libs.common.streams.queue import Delivery, StageQueue, Unreadable
from libs.common.subject import subject_in, subject_of

E = TypeVar("E", bound=Event)

_PROMOTE_PERIOD = 1.0
_LAST_SECONDS = 5.0
"""What interrupted units get to hand themselves back."""

_log = structlog.get_logger(__name__)


class StageWorker(Generic[E]):
    """Runs one stage until it is told to stop."""

    def __init__(
        self,
        stage: Stage[E],
        queue: StageQueue,
        store: ObjectStore,
        solitude: Solitude,
        *,
        lease: float,
        metrics: WorkerMetrics,
        patience: float | None = None,
    ) -> None:
        self.stage = stage
        self.held: dict[str, Held[E]] = {}
        self._queue = queue
        self._store = store
        self._solitude = solitude
        engine = stage.engine.name if stage.engine else None
        self._metrics = StageMetrics(metrics, stage.name, engine=engine, slots=stage.slots)
        self._metrics.show_in_hand(lambda: len(self.held))
        self._handling = Handling(stage, queue, store, solitude, self._metrics)
        self._lease = lease
        self._slots = Slots(stage.slots)
        self.motion = StageMotion(patience=patience or usual_patience(lease))
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._closing = asyncio.Event()
        self._next_takeover = 0.0
        self._next_promotion = 0.0
        self._quiet_until = 0.0
        self.keep_quiet()

    def keep_quiet(self) -> None:
        """Take over from nobody for one lease: Redis was away, and its downtime counts as idle time."""
        self._quiet_until = time.monotonic() + self._lease

    async def run(self) -> None:
        """Take deliveries until `close`."""
        failures = 0
        while (free := await self._room()) > 0:
            try:
                await self._take(free)
                self.motion.turn()
                failures = 0
            except (RedisError, OSError) as error:
                failures += 1
                _log.warning("redis is out of order", stage=self.stage.name, error=str(error), failures=failures)
                self.keep_quiet()
                await self._pause(short_backoff(failures))

    def close(self) -> None:
        """Take nothing new; `run` returns within the time that a read may wait."""
        self._closing.set()
        self._slots.close()

    async def drain(self, *, grace: float) -> None:
        """Let work in hand end within `grace` seconds, and hand back the rest.

        What hangs past its deadline stays on loan: the takeover counts as an attempt, so that it cannot end worker
        after worker for ever.
        """
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        now = time.monotonic()
        for held in list(self.held.values()):
            held.interrupt("overdue" if held.is_overdue(now) else "stopping")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_SECONDS)
        for task in self._tasks:
            task.cancel()

    async def renew(self) -> None:
        """Renew all leases; interrupt what was lost or cancelled."""
        held = list(self.held.values())
        states = await self._queue.renew([(one.delivery, one.event.run_id) for one in held])
        for one, state in zip(held, states, strict=True):
            if state in {"lost", "cancelled"}:
                one.interrupt("lost" if state == "lost" else "cancelled")

    def watch(self, now: float, *, redis_answers: bool) -> None:
        """Look whether it moves; `now` is monotonic. Nobody can turn without Redis."""
        overdue = [id_ for id_, one in self.held.items() if one.is_overdue(now)]
        self.motion.look(now, should_turn=redis_answers and self._has_room, overdue=overdue)

    def room(self, now: float) -> float | None:
        """For how many seconds it could have taken more; `None` while it cannot."""
        if not self._has_room or self._slots.room_since is None:
            return None
        return now - max(self._slots.room_since, self._solitude.clear_since)

    @property
    def _has_room(self) -> bool:
        return self._slots.free > 0 and not self._solitude.has_suspect

    def progress(self) -> dict[str, dict[str, str]]:
        """Run id → unit name → JSON, for the units in hand."""
        found: dict[str, dict[str, str]] = {}
        for one in self.held.values():
            state = {
                "started_at": one.started_at.isoformat(),
                "fraction": round(one.work.fraction, 4),
                "attempt": one.work.attempt,
                "consumer": self._queue.consumer,
            }
            found.setdefault(one.unit.run_id, {})[one.unit.name] = json.dumps(state)
        return found

    async def _room(self) -> int:
        """Wait until something may be taken; how much, and not above 0 once closed."""
        while (free := await self._slots.wait_free()) > 0 and self._solitude.has_suspect:
            waiting = [asyncio.create_task(one) for one in (self._solitude.wait_for_no_suspect(), self._closing.wait())]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
        return free

    async def _pause(self, delay: float) -> None:
        try:
            async with asyncio.timeout(delay):
                await self._closing.wait()
        except TimeoutError:
            return

    async def _take(self, free: int) -> None:
        now = time.monotonic()
        if now >= self._next_promotion:
            await self._queue.promote()
            if await self._take_over(only_handed_back=True):
                return
            self._next_promotion = now + _PROMOTE_PERIOD
        if now >= self._next_takeover:
            if not await self._take_over(only_handed_back=now < self._quiet_until):
                self._next_takeover = now + self._lease * random.uniform(0.15, 0.35)  # noqa: S311 - jitter
            return
        block = min(BLOCK, self._next_promotion - now, self._next_takeover - now)
        deliveries = await self._queue.read(free, block=block)
        if deliveries:
            self._begin(deliveries)

    async def _take_over(self, *, only_handed_back: bool) -> bool:
        """One at a time: what is taken with a suspect could die with it. True if the next may follow at once."""
        async with self._solitude.taking_over:
            if self._solitude.has_suspect:
                return True
            deliveries = await self._queue.take_over(
                1, lease=self._lease, in_hand=list(self._tasks.values()), only_handed_back=only_handed_back
            )
            if deliveries:
                self._begin(deliveries)
            if not only_handed_back:
                self._count_takeovers(deliveries)
            return bool(deliveries)

    def _count_takeovers(self, deliveries: Sequence[Delivery | Unreadable]) -> None:
        """What was handed back comes along, and nobody died under it."""
        for delivery in deliveries:
            if isinstance(delivery, Delivery) and delivery.is_suspect:
                self._metrics.took_over()

    def _begin(self, deliveries: Sequence[Delivery | Unreadable]) -> None:
        readable = [one for one in deliveries if isinstance(one, Delivery)]
        # Units begin at once, whatever happens to the question which of them were cancelled.
        cancelled = asyncio.create_task(until_answered(lambda: self._queue.cancelled_runs(readable)))
        for delivery in deliveries:
            self._slots.take()
            task = asyncio.create_task(self._deliver(delivery, cancelled))
            self._tasks[task] = delivery.id
            task.add_done_callback(partial(self._ended, delivery))
            if isinstance(delivery, Delivery) and delivery.is_suspect:
                self._solitude.take_suspect()
                task.add_done_callback(lambda _task: self._solitude.release_suspect())

    def _ended(self, delivery: Delivery | Unreadable, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._slots.release()
        if not task.cancelled() and task.exception() is not None:
            subject = subject_in(delivery.entry.event) if isinstance(delivery, Delivery) else {}
            _log.error("delivery failed", stage=self.stage.name, exc_info=task.exception(), **subject)

    async def _deliver(self, delivery: Delivery | Unreadable, cancelled: asyncio.Task[set[str]]) -> None:
        if isinstance(delivery, Unreadable):
            _log.error("discarded an entry that nobody can read", stage=self.stage.name, reason=delivery.reason)
            self._metrics.discarded()
            await until_answered(lambda: self._queue.discard(delivery.id))
        elif self._closing.is_set() or (self._solitude.has_suspect and not delivery.is_suspect):
            # The read that brought it may have begun before another stage took the suspect.
            await until_answered(lambda: self._queue.hand_back(delivery))
        elif delivery.entry.revision > self.stage.consumes.revision:
            subject = subject_in(delivery.entry.event)
            _log.warning("handed back an event of a newer release", stage=self.stage.name, **subject)
            await until_answered(lambda: self._queue.hand_back(delivery, at_once=False))
        else:
            await self._handle(delivery, cancelled)

    async def _handle(self, delivery: Delivery, cancelled: asyncio.Task[set[str]]) -> None:
        try:
            event = cast(E, parse_event(self.stage.consumes, delivery.entry))
        except ValueError:
            # The reconciler puts back what Postgres knows of it.
            subject = {"run_id": delivery.entry.publisher.run_id, **subject_in(delivery.entry.event)}
            _log.exception("discarded an unreadable event", stage=self.stage.name, fact=delivery.entry.fact, **subject)
            self._metrics.discarded()
            await until_answered(lambda: self._queue.discard(delivery.id))
            return
        unit = Unit(run_id=event.run_id, stage=self.stage.name, part=self.stage.part(event))
        if delivery.id in await asyncio.shield(cancelled):
            await until_answered(lambda: self._queue.acknowledge(delivery, unit.id))
            return
        await self._hold(delivery, event, unit)

    async def _hold(self, delivery: Delivery, event: E, unit: Unit) -> None:
        work = UnitWork(self._store, folder=event.folder, unit=unit, attempt=delivery.attempts)
        held = self.held[delivery.id] = Held(delivery, event, unit, work)
        structlog.contextvars.bind_contextvars(
            stage=unit.stage, part=unit.part or None, attempt=delivery.attempts, **subject_of(event)
        )
        try:
            await self._handling.handle(held)
        finally:
            if self.held.get(delivery.id) is held:
                del self.held[delivery.id]
