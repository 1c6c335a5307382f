"""Engines in child processes, as a service runs them, without a service around them."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from libs.common.child_process import ChildLimits
from libs.common.engine_process import child_engine
from libs.common.running_engine import RunningEngine
from libs.common.speech import Frozen

T = TypeVar("T")

_STALL = 3600.0


class Unattended:
    """A `Work` of which nobody keeps anything."""

    attempt = 1

    async def keep(self, name: str, artifact: Frozen) -> str:
        return name

    async def keep_file(self, name: str, path: Path) -> str:
        return name

    def warn(self, code: str, message: str) -> None:
        """Nobody reads it."""

    def progress(self, fraction: float) -> None:
        """Nobody looks."""


@asynccontextmanager
async def loaded(load: Callable[[], T], *, processes: int = 1, threads: int) -> AsyncIterator[RunningEngine[T]]:
    """The engine in children that have loaded it, with so many threads for OpenMP each.

    The variable is for libraries that start threads before an engine can say how many.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        async with child_engine(load, processes=processes, limits=ChildLimits(stall=_STALL)) as engine:
            await engine.start()
            yield engine
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
