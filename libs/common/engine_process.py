"""Heavy work in a child process that keeps its model loaded, so that no native code can starve lease renewal.

The child dies with its parent. A child that is killed, outgrows its memory limit or makes no progress costs one
attempt of one unit; the next call starts a fresh one. Children share neither locks nor queues, so that whenever one
dies, only its own call is harmed.
"""

import asyncio
import math
import multiprocessing
import os
import pickle
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from operator import attrgetter, methodcaller
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

import psutil
import structlog
from prometheus_client import CollectorRegistry

from libs.common.engine import EngineInfo
from libs.common.engine_child import LENGTH, Signs, serve
from libs.common.errors import EngineCrashed, EngineStalled, EngineUnavailable, InvalidSettings
from libs.common.metrics.engines import EngineMetrics, Reason
from libs.common.running_engine import RunningEngine
from libs.common.stage import Work
from libs.common.telemetry import current_logs
from libs.common.tracing.spans import child_span, trace_ids

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

_WATCH_PERIOD = 0.5
_END_PERIOD = 5.0
"""How long to wait for a killed process: one that hangs in a driver may never go."""


class Engine(Protocol):
    """What every engine says about itself."""

    @property
    def info(self) -> EngineInfo: ...


@dataclass(frozen=True)
class ChildLimits:
    """When a child is given up."""

    stall: float = 300.0
    """Seconds without a progress report; loading the model does not count."""

    memory_bytes: int | None = None
    """Resident memory; `None` for no limit."""


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
        self._children: set[_Child] = set()
        self._idle: asyncio.Queue[_Child | None] = asyncio.Queue()
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
        except _NeverBegan:
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
            return await child.answer(pickle.dumps(asked), _Watch(child, limits, report))

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator["_Child"]:
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

    async def _fresh(self, dead: "_Child | None") -> "_Child":
        if dead is not None:
            self._count_end("crashed")  # while nobody asked it anything
            await self._end(dead)
        if self._closed:
            raise EngineCrashed("the engine is closed")
        child = _Child(self._load)
        self._children.add(child)
        return child

    async def _give_up(self, child: "_Child | None") -> None:
        try:
            if child is not None:
                await self._end(child)
        finally:
            self._idle.put_nowait(None)

    async def _end(self, child: "_Child") -> None:
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


class _NeverBegan(EngineCrashed):
    """The child died before it knew of the call."""


class _Outgrown(EngineCrashed):
    """The child takes more memory than it may."""


def _reason(error: BaseException) -> Reason:
    """Why a child had to end, by the error of its call."""
    match error:
        case EngineStalled():
            return "stalled"
        case _Outgrown():
            return "memory"
        case asyncio.CancelledError():
            return "cancelled"
        case _:
            return "crashed"


class _Child:
    """One process and the socket to it."""

    def __init__(self, load: Callable[[], object]) -> None:
        """Start the process on the thread of the loop: when the thread that started it ends, the kernel kills it."""
        context = multiprocessing.get_context("spawn")
        self.signs = context.RawValue(Signs)
        self._exchange: asyncio.Task[bytes] | None = None
        try:
            self._socket, theirs = socket.socketpair()
            with theirs:
                arguments = (theirs, load, self.signs, os.getpid(), current_logs())
                self._process = context.Process(target=serve, args=arguments, daemon=True)
                self._process.start()
        except OSError as error:
            raise EngineUnavailable(f"the engine's process cannot be started: {error}") from error
        self._socket.setblocking(False)

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    @property
    def memory_bytes(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return 0

    async def answer(self, request: bytes, watch: "_Watch") -> bytes:
        self.signs.has_begun = False
        self._exchange = asyncio.create_task(self._exchanged(request))
        while not (await asyncio.wait({self._exchange}, timeout=_WATCH_PERIOD))[0]:
            watch.look()
        if self._exchange.cancelled():
            raise EngineCrashed("the engine was closed")
        try:
            answer = self._exchange.result()
        except (EOFError, ConnectionError) as error:
            await self.end()
            died = EngineCrashed if self.signs.has_begun else _NeverBegan
            raise died(f"the engine's process died (exit code {self._process.exitcode})") from error
        self._exchange = None
        return answer

    async def _exchanged(self, request: bytes) -> bytes:
        await asyncio.get_running_loop().sock_sendall(self._socket, request)
        (length,) = LENGTH.unpack(await self._received(LENGTH.size))
        return bytes(await self._received(length))

    async def _received(self, length: int) -> bytearray:
        data, position = bytearray(length), 0
        while position < length:
            count = await asyncio.get_running_loop().sock_recv_into(self._socket, memoryview(data)[position:])
            if count == 0:
                raise EOFError("the child closed its socket")
            position += count
        return data

    async def end(self) -> None:
        """Kill the process and see it gone; at any time, any number of times."""
        self._process.kill()
        if self._exchange is not None:
            self._exchange.cancel()
            await asyncio.gather(self._exchange, return_exceptions=True)
        deadline = time.monotonic() + _END_PERIOD
        while self._process.is_alive() and time.monotonic() < deadline:  # noqa: ASYNC110 - no event tells of its end
            await asyncio.sleep(0.01)
        self._socket.close()


class _Watch:
    """Looks at a child from time to time."""

    def __init__(self, child: _Child, limits: ChildLimits, report: Callable[[float], None]) -> None:
        self._child = child
        self._limits = limits
        self._report = report
        self._reports = child.signs.reports
        self._last_sign = time.monotonic()

    def look(self) -> None:
        if self._child.signs.reports != self._reports:
            self._reports = self._child.signs.reports
            self._last_sign = time.monotonic()
            self._report(self._child.signs.fraction)
        if self._child.signs.is_loading:
            self._last_sign = time.monotonic()  # a model takes its time; the unit's own deadline holds
        if time.monotonic() - self._last_sign > self._limits.stall:
            raise EngineStalled(f"the engine reported no progress for {self._limits.stall:.0f} s")
        limit = self._limits.memory_bytes
        if limit is not None and self._child.memory_bytes > limit:
            raise _Outgrown(f"the engine's process outgrew its memory limit of {limit} bytes")


def _unheard(_fraction: float) -> None:
    """Progress outside of any unit."""
