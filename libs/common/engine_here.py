"""Heavy work in this very process, where a debugger sees it: for replaying one unit, never for a worker."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from operator import methodcaller
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

from libs.common import progress
from libs.common.child_process import ChildLimits
from libs.common.engine import EngineInfo
from libs.common.engine_process import Engine
from libs.common.running_engine import RunningEngine
from libs.common.stage import Work

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class EngineHere(Generic[T]):
    """An engine that is called on the event loop's own thread, so that breakpoints and Ctrl-C reach it."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._loaded: list[T] = []
        self._work: Work | None = None
        progress.listen(self._tell)

    async def start(self) -> EngineInfo:
        return cast(Engine, self._engine).info

    async def ask(self, method: Callable[[T], R]) -> R:
        return cast(R, methodcaller(method.__name__)(self._engine))

    async def run(self, work: Work, method: Callable[Concatenate[T, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        self._work = work
        try:
            return cast(R, methodcaller(method.__name__, *args, **kwargs)(self._engine))
        finally:
            self._work = None

    @property
    def _engine(self) -> T:
        if not self._loaded:
            self._loaded.append(self._load())
        return self._loaded[0]

    def _tell(self, fraction: float) -> None:
        if self._work is not None:
            self._work.progress(fraction)


@asynccontextmanager
async def engine_here(
    load: Callable[[], T], *, processes: int = 1, limits: ChildLimits | None = None
) -> AsyncIterator[RunningEngine[T]]:
    """The engine in this process; it has no limits, because who stops at a breakpoint reports no progress."""
    yield EngineHere(load)
