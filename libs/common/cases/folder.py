"""A case that was unpacked: its events, and the units of work that can be replayed from it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from libs.common.cases.contents import EVENTS, MANIFEST, OBJECTS, Manifest, RecordedEvent
from libs.common.errors import PipelineError
from libs.common.events import EVENTS as EVENT_CLASSES
from libs.common.line import CONSUMERS, Position
from libs.common.outcome import Outcome, PublishedEvent, Unit, outcome_key


class UnreadableCase(PipelineError):
    """The file or folder is no case, or one of a newer release."""

    code = "unreadable_case"


@dataclass(frozen=True)
class RecordedUnit:
    """A unit of work, and the event that asks for it."""

    unit: Unit
    position: Position
    event: RecordedEvent

    @property
    def input(self) -> PublishedEvent:
        return PublishedEvent(stream=self.event.stream, body=self.event.body)


class Case:
    """Events and artifacts in a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises `UnreadableCase`."""
        self.objects = folder / OBJECTS
        try:
            self.manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
            lines = (folder / EVENTS).read_bytes().splitlines()
            self.events = tuple(RecordedEvent.model_validate_json(line) for line in lines)
        except (OSError, ValidationError) as error:
            raise UnreadableCase(f"{folder} holds no case that this release reads: {error}") from error

    def units(self) -> Iterator[RecordedUnit]:
        """Every unit that a readable event of the case asks for, once, in the order of the events."""
        known: set[Unit] = set()
        for event in self.events:
            with suppress(UnreadableCase):
                recorded = _asked_for(event)
                if recorded.unit not in known:
                    known.add(recorded.unit)
                    yield recorded

    def unit_of(self, name: str) -> RecordedUnit:
        """The unit that the event of that name asks for.

        Raises:
            UnreadableCase: There is no such event, no stage consumes it, or this release cannot read it.
        """
        for event in self.events:
            if event.name == name:
                return _asked_for(event)
        raise UnreadableCase(f"the case has no event {name}")

    def outcome(self, recorded: RecordedUnit) -> Outcome | None:
        """What became of a unit: its outcome, or else the events that it published; `None` if nothing yet.

        Raises:
            UnreadableCase: A newer release wrote the outcome.
        """
        folder = recorded.input.event.folder
        path = self.objects / outcome_key(folder, recorded.unit)
        if path.is_file():
            try:
                return Outcome.model_validate_json(path.read_bytes())
            except ValidationError as error:
                raise UnreadableCase(f"this release cannot read the outcome of {recorded.unit.id}: {error}") from error
        published = [one for one in self.events if one.publisher == recorded.unit]
        if not published:
            return None
        is_failed = any(one.stream == "stage.failed.v1" for one in published)
        return Outcome(
            unit=recorded.unit,
            status="failed" if is_failed else "finished",
            published=tuple(PublishedEvent(stream=one.stream, body=one.body) for one in published),
            report=published[0].report,
            input=recorded.input,
        )


def _asked_for(event: RecordedEvent) -> RecordedUnit:
    if event.stream not in CONSUMERS:
        raise UnreadableCase(f"no stage consumes {event.name}, which is {event.stream}")
    position = CONSUMERS[event.stream]
    try:
        typed = EVENT_CLASSES[event.stream].model_validate(event.body)
    except ValidationError as error:
        raise UnreadableCase(f"this release cannot read {event.name} as {event.stream}: {error}") from error
    return RecordedUnit(position.unit(typed), position, event)
