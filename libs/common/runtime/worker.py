"""A worker: the stages of one service in one process, their leases, and its signs of life."""

import asyncio
import datetime
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.common.metrics.stages import WorkerMetrics
from libs.common.release import RELEASE
from libs.common.runtime.retry import is_outage
from libs.common.runtime.slots import Solitude
from libs.common.runtime.stage_worker import StageWorker
from libs.common.stage import Stage
from libs.common.storage import ObjectStore
from libs.common.streams.connection import SOCKET_TIMEOUT
from libs.common.streams.keys import progress_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.queue import StageQueue, consumer_name
from libs.common.streams.scripts import Scripts

_PULSE = 0.5
_TURN = 2 * SOCKET_TIMEOUT
"""Seconds within which a loop that moves has ended its turn."""

_log = structlog.get_logger(__name__)


class StageStopped(Exception):
    """A stage of this process stands still for good: only another process helps."""


class Worker:
    """Runs stages until it is told to stop."""

    def __init__(
        self,
        redis: Redis,
        store: ObjectStore,
        stages: Sequence[Stage[Any]],
        *,
        service: str,
        lease: float,
        registry: CollectorRegistry | None = None,
        patience: float | None = None,
    ) -> None:
        """`registry`: where the worker puts what it measures; by default one that nobody reads.

        `patience`: seconds that a stage may stand still; by default what its lease makes of it.
        """
        self.registry = registry or CollectorRegistry()
        self.consumer = consumer_name(service)
        scripts, solitude, metrics = Scripts(redis), Solitude(), WorkerMetrics(self.registry)
        self.stages: list[StageWorker[Any]] = [
            StageWorker(
                stage,
                StageQueue(redis, scripts, stream=stage.consumes.stream, group=stage.name, consumer=self.consumer),
                store,
                solitude,
                lease=lease,
                patience=patience,
                metrics=metrics,
            )
            for stage in stages
        ]
        engines = {stage.name: stage.engine.name if stage.engine else None for stage in stages}
        models = {stage.name: stage.engine.models for stage in stages if stage.engine}
        info = WorkerInfo(
            consumer=self.consumer, service=service, release=RELEASE, stages=engines, models=models, lease=lease
        )
        self._redis = redis
        self._lease = lease
        self._heartbeat = Heartbeat(redis, info, lifetime=lease)
        self._answers_since: float | None = time.monotonic()
        self._hopeless = asyncio.Event()
        self._shown: set[tuple[str, str]] = set()

    @property
    def stopped(self) -> Mapping[str, datetime.datetime]:
        """Stage that stands still although it should move → since when."""
        found = {one.stage.name: one.motion.stopped_since for one in self.stages}
        return {name: since for name, since in found.items() if since is not None}

    async def run(self, stopped: asyncio.Event, *, grace: float) -> None:
        """Work until `stopped`; then finish or hand back what is in hand within `grace` seconds.

        Raises:
            StageStopped: A stage stands still for good; the others have ended as above.
        """
        loops = [asyncio.create_task(stage.run()) for stage in self.stages]
        signs = [
            asyncio.create_task(_repeat(self._beat, self._heartbeat.period)),
            asyncio.create_task(_repeat(self._watch, _PULSE)),
            asyncio.create_task(_repeat(self._renew, self._lease / 4)),
            asyncio.create_task(_repeat(self._show_progress, _PULSE)),
        ]
        waiting = [asyncio.create_task(event.wait()) for event in (stopped, self._hopeless)]
        _log.info("worker started", consumer=self.consumer, stages=[one.stage.name for one in self.stages])
        try:
            await asyncio.wait({*waiting, *loops, *signs}, return_when=asyncio.FIRST_COMPLETED)
            await self._stop(loops, grace)
        finally:
            for one in (*waiting, *signs):
                one.cancel()
        for task in (*loops, *signs):
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]  # it is not None
        if self._hopeless.is_set():
            raise StageStopped

    async def _stop(self, loops: list[asyncio.Task[None]], grace: float) -> None:
        for stage in self.stages:
            stage.close()
        _, stuck = await asyncio.wait(loops, timeout=_TURN)
        for loop in stuck:
            loop.cancel()
        await asyncio.gather(*(stage.drain(grace=grace) for stage in self.stages))
        try:
            await self._heartbeat.stop()
        except (RedisError, OSError):
            _log.warning("stopped without saying so")

    async def _beat(self) -> None:
        try:
            await self._heartbeat.beat(stopped=self.stopped, room=self._room())
        except (RedisError, OSError):
            self._answers_since = None
            raise
        self._answers_since = self._answers_since or time.monotonic()

    def _room(self) -> dict[str, float]:
        now = time.monotonic()
        if self._answers_since is None:
            return {}
        found = {one.stage.name: one.room(now) for one in self.stages}
        answers = now - self._answers_since
        return {name: round(min(room, answers), 1) for name, room in found.items() if room is not None}

    async def _watch(self) -> None:
        before, now = self.stopped, time.monotonic()
        for one in self.stages:
            one.watch(now, redis_answers=self._answers_since is not None)
        for name in self.stopped.keys() - before.keys():
            _log.error("a stage has stopped moving", stage=name, since=self.stopped[name].isoformat())
        for name in before.keys() - self.stopped.keys():
            _log.info("a stage moves again", stage=name)
        if not self._hopeless.is_set() and any(one.motion.is_hopeless for one in self.stages):
            _log.error("stopping, so that another process takes the place of this one", stages=list(self.stopped))
            self._hopeless.set()

    async def _renew(self) -> None:
        try:
            await asyncio.gather(*(stage.renew() for stage in self.stages))
        except (RedisError, OSError):
            for stage in self.stages:
                stage.keep_quiet()
            raise

    async def _show_progress(self) -> None:
        runs: dict[str, dict[str, str]] = {}
        for stage in self.stages:
            for run_id, units in stage.progress().items():
                runs.setdefault(run_id, {}).update(units)
        shown = {(run_id, unit) for run_id, units in runs.items() for unit in units}
        gone = self._shown - shown
        if not shown and not gone:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for run_id, units in runs.items():
                pipe.hset(progress_key(run_id), items=[text for pair in units.items() for text in pair])
                pipe.pexpire(progress_key(run_id), int(2000 * self._lease))  # of a worker that died, nothing stays
            for run_id, unit in gone:
                pipe.hdel(progress_key(run_id), unit)
            await pipe.execute()
        self._shown = shown


async def _repeat(action: Callable[[], Awaitable[None]], period: float) -> None:
    while True:
        try:
            await action()
        except (RedisError, OSError) as error:
            if not is_outage(error):
                raise
            _log.debug("no sign of life", error=str(error))
        await asyncio.sleep(period)
