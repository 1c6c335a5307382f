"""What a stream entry holds: the fact that it is, the event, how it was worked, and the attempts spent on it."""

from dataclasses import dataclass

from libs.common.events import Event
from libs.common.outcome import Outcome, PublishedEvent, Report, Unit
from libs.common.streams.keys import stream_key


@dataclass(frozen=True)
class Entry:
    """One event as it lies in its stream. `fact` comes first: scripts compare it, because entry ids can repeat."""

    key: str
    fact: str
    siblings: int
    spent: int
    revision: int
    event: str
    report: str
    waiting_since: str = ""
    """Seconds since the epoch at which the unit was first postponed; empty if it was not."""

    trace: str = ""
    """W3C `traceparent` of the span that published the entry; empty if nobody traces, or an older release did."""

    def fields(self) -> list[str | int]:
        """Names and values in the order that the scripts rely on."""
        return [
            *("fact", self.fact),
            *("siblings", self.siblings),
            *("spent", self.spent),
            *("revision", self.revision),
            *("event", self.event),
            *("report", self.report),
            *("waiting_since", self.waiting_since),
            *("trace", self.trace),
        ]

    @classmethod
    def parse(cls, key: str, fields: dict[str, str]) -> "Entry":
        """Read an entry.

        Raises:
            ValueError: Something that was not published by Hansard lies in the stream.
        """
        try:
            return cls(
                key=key,
                fact=fields["fact"],
                siblings=int(fields["siblings"]),
                spent=int(fields["spent"]),
                revision=int(fields["revision"]),
                event=fields["event"],
                report=fields["report"],
                waiting_since=fields.get("waiting_since", ""),
                trace=fields.get("trace", ""),
            )
        except KeyError as error:
            raise ValueError(f"entry without {error}") from error

    @property
    def publisher(self) -> Unit:
        """The unit that published the event.

        Raises:
            ValueError: The fact names no unit.
        """
        unit, position = self.fact.rsplit("#", 1)
        run_id, name = unit.split("/", 1)
        stage, _, part = name.partition(".")
        int(position)
        return Unit(run_id=run_id, stage=stage, part=part)

    @property
    def position(self) -> int:
        """Which of the publishing unit's events this is, from 0."""
        return int(self.fact.rsplit("#", 1)[1])


def fact_name(publisher: Unit, position: int) -> str:
    """The name of the fact that a unit's event at `position` states."""
    return f"{publisher.id}#{position}"


def entries_of(unit: Unit, published: tuple[PublishedEvent, ...], report: Report, *, trace: str = "") -> list[Entry]:
    """The entries that a unit publishes, in order; `trace` as in `Entry`."""
    report_json = report.model_dump_json()
    return [
        Entry(
            key=stream_key(one.stream),
            fact=fact_name(unit, position),
            siblings=len(published),
            spent=0,
            revision=one.event.needed_revision,
            event=one.event.model_dump_json(),
            report=report_json,
            trace=trace,
        )
        for position, one in enumerate(published)
    ]


def outcome_entries(outcome: Outcome, *, trace: str = "") -> list[Entry]:
    """The entries that an outcome stands for: what it says, not what the handler remembers."""
    return entries_of(outcome.unit, outcome.published, outcome.report, trace=trace)


def parse_event(event: type[Event], entry: Entry) -> Event:
    """The typed event of an entry.

    Raises:
        ValueError: The body is not what the stream promises.
    """
    return event.model_validate_json(entry.event)
