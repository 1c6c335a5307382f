"""A worker: the stages of one service in one process, their leases, and its signs of life."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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
from libs.common.streams.keys import progress_key
from libs.common.streams.monitor import Heartbeat, WorkerInfo
from libs.common.streams.queue import StageQueue, consumer_name
from libs.common.streams.scripts import Scripts

_PULSE = 0.5

_log = structlog.get_logger(__name__)


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
    ) -> None:
        """`registry`: where the worker puts what it measures; by default one that nobody reads."""
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
                metrics=metrics,
            )
            for stage in stages
        ]
        engines = {stage.name: stage.engine.name if stage.engine else None for stage in stages}
        models = {stage.name: stage.engine.models for stage in stages if stage.engine}
        info = WorkerInfo(consumer=self.consumer, service=service, release=RELEASE, stages=engines, models=models)
        self._redis = redis
        self._lease = lease
        self._heartbeat = Heartbeat(redis, info, lifetime=lease)
        self._shown: set[tuple[str, str]] = set()

    async def run(self, stopped: asyncio.Event, *, grace: float) -> None:
        """Work until `stopped`; then finish or hand back what is in hand within `grace` seconds."""
        loops = [asyncio.create_task(stage.run()) for stage in self.stages]
        signs = [
            asyncio.create_task(_repeat(self._heartbeat.beat, self._heartbeat.period)),
            asyncio.create_task(_repeat(self._renew, self._lease / 4)),
            asyncio.create_task(_repeat(self._show_progress, _PULSE)),
        ]
        waiting = asyncio.create_task(stopped.wait())
        _log.info("worker started", consumer=self.consumer, stages=[one.stage.name for one in self.stages])
        try:
            await asyncio.wait({waiting, *loops, *signs}, return_when=asyncio.FIRST_COMPLETED)
            await self._stop(loops, grace)
        finally:
            waiting.cancel()
            for sign in signs:
                sign.cancel()
        for task in (*loops, *signs):
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]  # it is not None

    async def _stop(self, loops: list[asyncio.Task[None]], grace: float) -> None:
        for stage in self.stages:
            stage.close()
        await asyncio.wait(loops)
        await asyncio.gather(*(stage.drain(grace=grace) for stage in self.stages))
        try:
            await self._heartbeat.stop()
        except (RedisError, OSError):
            _log.warning("stopped without saying so")

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
