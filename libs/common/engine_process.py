"""Heavy work in a child process that keeps its model loaded, so that no native code can starve lease renewal.

The child dies with its parent. A child that is killed, outgrows its memory limit or makes no progress costs one
attempt of one unit; the next call starts a fresh one. Children share neither locks nor queues, so that whenever one
dies, only its own call is harmed.
"""

import asyncio
import math
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from operator import attrgetter, methodcaller
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

import structlog
from prometheus_client import CollectorRegistry

from libs.common.child_process import Child, ChildLimits, NeverBegan, Outgrown, Watch
from libs.common.engine import EngineInfo
from libs.common.errors import EngineCrashed, EngineStalled, EngineUnavailable, InvalidSettings
from libs.common.metrics.engines import EngineMetrics, Reason
from libs.common.running_engine import RunningEngine
from libs.common.stage import Work
from libs.common.tracing.spans import child_span, trace_ids

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class Engine(Protocol):
    """What every engine says about itself."""

    @property
    def info(self) -> EngineInfo: ...


class ChildEngine(Generic[T]):
    """An engine in `processes` child processes; each serves one call at a time."""

    def __init__(
        self,
        load: Callable[[], T],
        *,
        processes: int = 1,
        limits: ChildLimits | None = None,
        metrics: EngineMetrics | None = None,
    ) -> None:
        """`load` runs in the child and must be picklable: a module-level function, or a `partial` of one."""
        self.name: str | None = None
        """As in the settings; known once it has started."""

        self._metrics = metrics or EngineMetrics(CollectorRegistry())
        self._load = load
        self._processes = processes
        self._limits = limits or ChildLimits()
        self._closed = False
        self._children: set[Child] = set()
        self._idle: asyncio.Queue[Child | None] = asyncio.Queue()
        for _ in range(processes):
            self._idle.put_nowait(None)  # stands for a child that the next call starts

    async def start(self) -> EngineInfo:
        """Load the model in every child, however long it takes; raises what the loader raised."""
        limits = replace(self._limits, stall=math.inf)
        calls = (self._call(attrgetter("info"), limits, _unheard) for _ in range(self._processes))
        info = cast(EngineInfo, (await asyncio.gather(*calls))[0])
        self.name = info.name
        self._metrics.started(info.name)
        return info

    def memory_bytes(self) -> list[int]:
        """Resident memory of each living child."""
        return [child.memory_bytes for child in self._children if child.is_alive]

    async def ask(self, method: Callable[[T], R]) -> R:
        """Call a quick method of the engine outside of any unit, at start."""
        return cast(R, await self._call(methodcaller(method.__name__), self._limits, _unheard))

    async def run(self, work: Work, method: Callable[Concatenate[T, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `method` of the engine in a child; cancelling kills that child.

        Raises:
            EngineCrashed: The child died or outgrew its memory limit, or the engine is closed.
            EngineStalled: It reported nothing for the stall limit.
            EngineUnavailable: No child could be started, or a new one cannot load what an earlier one could.
            PipelineError: Whatever the engine raised.
        """
        request = methodcaller(method.__name__, *args, **kwargs)
        try:
            with child_span(f"engine {method.__name__}"):
                return cast(R, await self._call(request, self._limits, work.progress))
        except InvalidSettings as error:
            raise EngineUnavailable(error.message) from error

    async def close(self) -> None:
        """End the children, also those in the middle of a call."""
        self._closed = True
        await asyncio.gather(*(child.end() for child in self._children))

    async def _call(
        self, request: Callable[[Any], object], limits: ChildLimits, report: Callable[[float], None]
    ) -> object:
        try:
            answer = await self._answer(request, limits, report)
        except NeverBegan:
            answer = await self._answer(request, limits, report)
        is_result, value = pickle.loads(answer)  # noqa: S301 - our own child wrote it
        if not is_result:
            raise value
        return value

    async def _answer(
        self, request: Callable[[Any], object], limits: ChildLimits, report: Callable[[float], None]
    ) -> bytes:
        async with self._lent() as child:
            asked = ({**structlog.contextvars.get_contextvars(), **trace_ids()}, request)
            return await child.answer(pickle.dumps(asked), Watch(child, limits, report))

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Child]:
        """A child for one call; an error in between ends it for good."""
        child = await self._idle.get()
        try:
            if child is None or not child.is_alive:
                child = await self._fresh(child)
            yield child
        except BaseException as error:
            if child is not None:
                self._count_end(_reason(error))
            await self._give_up(child)
            raise
        self._idle.put_nowait(child)

    async def _fresh(self, dead: Child | None) -> "Child":
        if dead is not None:
            self._count_end("crashed")  # while nobody asked it anything
            await self._end(dead)
        if self._closed:
            raise EngineCrashed("the engine is closed")
        child = Child(self._load)
        self._children.add(child)
        return child

    async def _give_up(self, child: Child | None) -> None:
        try:
            if child is not None:
                await self._end(child)
        finally:
            self._idle.put_nowait(None)

    async def _end(self, child: Child) -> None:
        await child.end()
        self._children.discard(child)

    def _count_end(self, reason: Reason) -> None:
        """One that never loaded belongs to a service that refuses to start."""
        if self.name is not None and not self._closed:
            self._metrics.ended(self.name, reason)


@asynccontextmanager
async def child_engine(
    load: Callable[[], T],
    *,
    processes: int = 1,
    limits: ChildLimits | None = None,
    metrics: EngineMetrics | None = None,
) -> AsyncIterator[RunningEngine[T]]:
    """The engine in child processes, which end with the block; `load` as in `ChildEngine`."""
    metrics = metrics or EngineMetrics(CollectorRegistry())
    engine = ChildEngine(load, processes=processes, limits=limits, metrics=metrics)
    metrics.watch(engine)
    try:
        yield engine
    finally:
        metrics.forget(engine)
        await engine.close()


def _reason(error: BaseException) -> Reason:
    """Why a child had to end, by the error of its call."""
    match error:
        case EngineStalled():
            return "stalled"
        case Outgrown():
            return "memory"
        case asyncio.CancelledError():
            return "cancelled"
        case _:
            return "crashed"


def _unheard(_fraction: float) -> None:
    """Progress outside of any unit."""
