"""Heavy work in a child process that keeps its model loaded, so that no native code can starve lease renewal.

The child dies with its parent. A child that is killed, outgrows its memory limit or makes no progress costs one
attempt of one unit; the next call finds a fresh one.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import CancelledError as FutureCancelled
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

import psutil
from pebble import ProcessExpired, ProcessPool

from libs.common import progress
from libs.common.engine import EngineInfo
from libs.common.errors import EngineCrashed, EngineStalled
from libs.common.stage import Work

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

_WATCH_PERIOD = 0.5
_PR_SET_PDEATHSIG = 1


class Engine(Protocol):
    """What every engine says about itself."""

    @property
    def info(self) -> EngineInfo: ...


@dataclass(frozen=True)
class ChildLimits:
    """When a child is given up."""

    stall: float = 300.0
    """Seconds without a progress report."""

    memory_bytes: int | None = None
    """Resident memory; `None` for no limit."""


class ChildEngine(Generic[T]):
    """An engine in `processes` child processes; each serves one call at a time."""

    def __init__(self, load: Callable[[], T], *, processes: int = 1, limits: ChildLimits | None = None) -> None:
        """`load` runs in the child and must be picklable: a module-level function, or a `partial` of one."""
        self._load = load
        self._limits = limits or ChildLimits()
        self._children = [_Child(load) for _ in range(processes)]
        self._idle: asyncio.Queue[_Child] = asyncio.Queue()
        for child in self._children:
            self._idle.put_nowait(child)

    async def start(self) -> EngineInfo:
        """Load the model in every child; an engine that cannot load raises what its loader raised."""
        infos = await asyncio.gather(*(asyncio.wrap_future(child.pool.schedule(_info)) for child in self._children))
        return cast(EngineInfo, infos[0])

    async def ask(self, method: Callable[[T], R]) -> R:
        """Call a quick method of the engine outside of any unit, at start."""
        future = self._children[0].pool.schedule(_call, args=(method.__name__, (), {}))
        return cast(R, await asyncio.wrap_future(future))

    async def run(self, work: Work, method: Callable[Concatenate[T, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `method` of the engine in a child; cancelling kills that child.

        Raises:
            EngineCrashed: The child died or outgrew its memory limit.
            EngineStalled: It reported nothing for the stall limit.
            PipelineError: Whatever the engine raised.
        """
        child = await self._idle.get()
        try:
            return cast(R, await self._watched(child, work, method.__name__, args, kwargs))
        finally:
            self._idle.put_nowait(child)

    async def _watched(
        self, child: "_Child", work: Work, method: str, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> object:
        child.reset()
        future = child.pool.schedule(_call, args=(method, args, kwargs))
        result = asyncio.wrap_future(future)
        watch = _Watch(child, self._limits)
        try:
            while not (await asyncio.wait({result}, timeout=_WATCH_PERIOD))[0]:
                watch.look(work)
            return await result
        except ProcessExpired as error:
            raise EngineCrashed(f"the engine's process died (exit code {error.exitcode})") from error
        except FutureCancelled as error:
            raise EngineCrashed("the engine's process was stopped") from error
        finally:
            result.cancel()

    async def close(self) -> None:
        """End the children."""
        for child in self._children:
            child.pool.stop()  # type: ignore[no-untyped-call]
        await asyncio.gather(*(asyncio.to_thread(child.pool.join, 5) for child in self._children))


class _Child:
    """One process, and the memory through which it says how far it is."""

    def __init__(self, load: Callable[[], object]) -> None:
        context = multiprocessing.get_context("spawn")
        self.signs = context.RawArray(ctypes.c_double, 3)
        """Fraction done, number of reports, process id."""
        self.pool = ProcessPool(
            max_workers=1, initializer=_begin, initargs=(load, self.signs, os.getpid()), context=context
        )

    def reset(self) -> None:
        self.signs[0] = 0.0

    @property
    def memory_bytes(self) -> int:
        try:
            return int(psutil.Process(int(self.signs[2])).memory_info().rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError):
            return 0


class _Watch:
    """Looks at a child from time to time."""

    def __init__(self, child: _Child, limits: ChildLimits) -> None:
        self._child = child
        self._limits = limits
        self._reports = child.signs[1]
        self._last_sign = time.monotonic()

    def look(self, work: Work) -> None:
        if self._child.signs[1] != self._reports:
            self._reports = self._child.signs[1]
            self._last_sign = time.monotonic()
            work.progress(self._child.signs[0])
        if time.monotonic() - self._last_sign > self._limits.stall:
            raise EngineStalled(f"the engine reported no progress for {self._limits.stall:.0f} s")
        limit = self._limits.memory_bytes
        if limit is not None and self._child.memory_bytes > limit:
            raise EngineCrashed(f"the engine's process outgrew its memory limit of {limit} bytes")


# What follows runs in the child.

_loader: Callable[[], Any] | None = None
_engine: Any = None


def _begin(load: Callable[[], object], signs: Any, parent: int) -> None:
    global _loader  # noqa: PLW0603 - a process has one engine
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signs[2] = os.getpid()

    def sign(fraction: float) -> None:
        signs[0] = fraction
        signs[1] += 1

    progress.listen(sign)
    _loader = load


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _loaded() -> Any:
    global _engine  # noqa: PLW0603 - a process has one engine
    if _engine is None:
        assert _loader is not None
        _engine = _loader()
        progress.report(0.0)
    return _engine


def _info() -> object:
    return _loaded().info


def _call(method: str, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    return getattr(_loaded(), method)(*args, **kwargs)
