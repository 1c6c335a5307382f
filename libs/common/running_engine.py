"""An engine as stages use it, whichever process it runs in."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from libs.common.engine import EngineInfo
from libs.common.stage import Work

T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")
R = TypeVar("R")


class RunningEngine(Protocol[T_co]):
    """Calls methods of an engine of type `T_co`; every call raises what the engine raised."""

    async def start(self) -> EngineInfo:
        """Load the model, however long it takes; raises what the loader raised."""

    async def ask(self, method: Callable[[T_co], R]) -> R:
        """Call a quick method outside of any unit, at start."""

    async def run(self, work: Work, method: Callable[Concatenate[T_co, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a method on behalf of a unit, which hears of its progress."""
