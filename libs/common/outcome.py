"""The outcome of a unit: the one object that says what became of it, and what follows from it."""

import datetime
from typing import Literal

from pydantic import Field, PrivateAttr

from libs.common.engine import EngineInfo
from libs.common.events import EVENTS, Event
from libs.common.speech import Frozen


class Unit(Frozen):
    """A unit of work: one stage of one run, or one part of it."""

    run_id: str
    stage: str
    part: str = ""

    @property
    def id(self) -> str:
        """As in keys: `<run>/<stage>[.<part>]`."""
        return f"{self.run_id}/{self.name}"

    @property
    def name(self) -> str:
        """As in the outcome's object key: `<stage>[.<part>]`."""
        return f"{self.stage}.{self.part}" if self.part else self.stage


class Warned(Frozen):
    """Something that the reader of the results should know."""

    code: str
    message: str
    stage: str


class GivenUp(Frozen):
    """The error after which no attempt was left."""

    code: str
    message: str


class Report(Frozen):
    """How a unit was worked: published with each of its events, and kept with the outcome."""

    started_at: datetime.datetime
    seconds: float = Field(ge=0)
    attempts: int = Field(ge=1)
    engine: EngineInfo | None = None
    warnings: tuple[Warned, ...] = ()

    given_up: GivenUp | None = None
    """Why the unit was given up: it failed, or its stage gave something else instead of what it is for."""


class PublishedEvent(Frozen):
    """An event and its stream, as an outcome keeps it."""

    stream: str
    body: dict[str, object]
    _event: Event | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, event: Event) -> "PublishedEvent":
        """Wrap an event, which is valid already."""
        wrapped = cls.model_construct(stream=event.stream, body=event.model_dump(mode="json"))
        wrapped._event = event
        return wrapped

    @property
    def event(self) -> Event:
        """The typed event.

        Raises:
            KeyError: A newer release wrote it; this one does not know the stream.
        """
        return self._event or EVENTS[self.stream].model_validate(self.body)


class Outcome(Frozen):
    """The commit of a unit, written with put-if-absent as `<folder>/<stage>[.<part>].json`."""

    version: Literal[1] = 1
    unit: Unit
    status: Literal["finished", "failed"]
    published: tuple[PublishedEvent, ...]
    report: Report
    input: PublishedEvent

    objects: tuple[str, ...] = ()
    """Keys of the bulk objects that belong to this outcome; others of the unit were left by losers."""

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that follow from it."""
        return tuple(one.event for one in self.published)


def outcome_key(folder: str, unit: Unit) -> str:
    """Object key of a unit's outcome."""
    return f"{folder}/{unit.name}.json"
