"""A stage: one function from one typed event to the events that follow from it. It knows neither Redis nor retries."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from libs.common.engine import EngineInfo
from libs.common.errors import PipelineError
from libs.common.events import Event
from libs.common.speech import Frozen

E = TypeVar("E", bound=Event)


class Work(Protocol):
    """What the runtime offers to a handler while it has a unit in hand."""

    @property
    def attempt(self) -> int:
        """1 for the first try."""

    async def keep(self, name: str, artifact: Frozen) -> str:
        """Store a JSON artifact under a random key and return the key; the outcome of the unit names it."""

    async def keep_file(self, name: str, path: Path) -> str:
        """Store a file in the same way, streamed."""

    def warn(self, code: str, message: str) -> None:
        """Add a warning to the outcome; it is shown in the results."""

    def progress(self, fraction: float) -> None:
        """Say how much of the unit is done, 0 to 1."""


Handle = Callable[[E, Work], Awaitable[Sequence[Event] | None]]
"""Returns the events that follow; `None` when there is nothing to say yet (a fan-in that still misses parts)."""

Fallback = Callable[[E, Work, PipelineError], Awaitable[Sequence[Event]]]
"""What a stage gives instead of a failure, once its attempts are used up."""


@dataclass(frozen=True, kw_only=True)
class Stage(Generic[E]):
    """A consumer group on one stream, and what it does with each event."""

    name: str
    consumes: type[E]
    handle: Handle[E]

    slots: int = 1
    """Units in hand at the same time, per process."""

    part: Callable[[E], str] = field(default=lambda event: event.part)
    """Which unit of the run an event asks for; a fan-in maps all its inputs to one."""

    deadline: Callable[[E], float] = field(default=lambda _event: 60.0)
    """Seconds that one attempt may take, from the audio's duration."""

    audio_seconds: Callable[[E, Sequence[Event]], float] | None = None
    """Seconds of audio that a finished unit worked through, by its event and those that follow, where there is any."""

    max_attempts: int = 3
    fallback: Fallback[E] | None = None
    engine: EngineInfo | None = None
    """What makes the results, where an engine does."""
