"""Everything that the gateway does besides answering: relay, projection, galleries, and the passes that keep order."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from libs.common.errors import PipelineError
from libs.common.streams.keys import PROJECTION
from libs.common.streams.monitor import Heartbeat
from services.gateway.background.erasures import Erasures
from services.gateway.background.galleries import Galleries
from services.gateway.background.housekeeping import Housekeeping
from services.gateway.background.outbox import Relay
from services.gateway.background.projection import Projection
from services.gateway.background.reconciler import Reconciler
from services.gateway.background.retention import Retention
from services.gateway.background.trimmer import Trimmer

_CLOSING_TIME = 10.0
_PULSE = 0.5
_CANCELLED_WITHIN = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Periods:
    """Seconds between two passes."""

    reconcile: float = 15.0
    erase: float = 15.0
    trim: float = 60.0
    clean_up: float = 3600.0
    retain: float = 600.0

    @classmethod
    def of(cls, *, reconcile: float, upload_age: float) -> "Periods":
        """Objects are removed as often as units are looked after, uploads at the latest at twice their age."""
        return cls(reconcile=reconcile, erase=reconcile, clean_up=min(cls.clean_up, upload_age))


@dataclass(frozen=True)
class Upkeep:
    """The gateway's work in the background."""

    relay: Relay
    projection: Projection
    galleries: Galleries
    reconciler: Reconciler
    erasures: Erasures
    trimmer: Trimmer
    heartbeat: Heartbeat
    housekeeping: Housekeeping
    retention: Retention
    periods: Periods = Periods()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything while the block does."""
        loops = [
            self.relay.run(),
            self.galleries.run(),
            _repeat(self._beat, self.heartbeat.period),
            _repeat(self._watch, _PULSE),
            _repeat(self.reconciler.reconcile, self.periods.reconcile),
            _repeat(self.erasures.repeat, self.periods.erase),
            _repeat(self.erasures.sweep, self.periods.erase),
            _repeat(self.trimmer.trim, self.periods.trim),
            _repeat(self.trimmer.reap, self.periods.trim),
            _repeat(self.housekeeping.clean_up, self.periods.clean_up),
            _repeat(self.retention.apply, self.periods.retain),
        ]
        tasks = [asyncio.create_task(_guarded(loop)) for loop in loops]
        projecting = asyncio.create_task(_guarded(self.projection.run()))
        try:
            yield
        finally:
            self.projection.close()
            await asyncio.wait({projecting}, timeout=_CLOSING_TIME)
            await end([projecting, *tasks])

    async def _beat(self) -> None:
        since = self.projection.motion.stopped_since
        await self.heartbeat.beat(stopped={PROJECTION: since} if since is not None else {})

    async def _watch(self) -> None:
        self.projection.motion.look(time.monotonic(), should_turn=True, overdue=())


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    Once may not be enough: a client library that is cancelled while it tidies up may raise an error of its own, and a
    pass takes that for an outage and goes on.
    """
    while unfinished := [task for task in tasks if not task.done()]:
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=_CANCELLED_WITHIN)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _guarded(loop: Awaitable[None]) -> None:
    """A gateway that only seems to work is worse than none: end the process, so that it is started again."""
    try:
        await loop
    except Exception:  # noqa: BLE001 - whatever it is, it ends the process
        _log.exception("background work failed; stopping")
        os.kill(os.getpid(), signal.SIGTERM)


async def _repeat(action: Callable[[], Awaitable[object]], period: float) -> None:
    while True:
        try:
            await action()
        except (PipelineError, RedisError, OSError) as error:
            _log.warning("a pass failed; the next will try again", error=str(error))
        await asyncio.sleep(period)
