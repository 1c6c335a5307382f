"""What happened to a meeting or a speaker, from the facts in Postgres: also after Redis has trimmed its streams."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from libs.common.events import EVENTS
from libs.common.line import CONSUMERS
from libs.common.outcome import Unit
from services.gateway.database import Connection, Database, load_queries
from services.gateway.errors import InvalidRequest, SpeakerNotFound
from services.gateway.pipeline.summary import Published
from services.gateway.runs.facts import find_run
from services.gateway.schemas.events import EventSummary, MeetingEvents, PastEvent, SpeakerEvents
from services.gateway.schemas.problems import FieldError

_SQL = load_queries("events")


@dataclass(frozen=True)
class EventHistory:
    """Answers `/events` of meetings and speakers."""

    database: Database

    async def meeting(
        self, workspace: str, meeting_id: UUID, run_id: UUID | None, *, after: str | None, limit: int
    ) -> MeetingEvents:
        """The events of a run, by default of the one that the meeting shows, behind the event `after`.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
            InvalidRequest: The run has no event `after`.
        """
        async with self.database.snapshot() as connection:
            run = await find_run(connection, workspace, meeting_id, run_id)
            events = await _events(connection, [UUID(run.id)])
        first = _index_after(events, after)
        shown = events[first : first + limit]
        return MeetingEvents(
            meeting_id=str(meeting_id),
            run_id=run.id,
            status=run.status,
            events=tuple(shown),
            next_cursor=shown[-1].event if first + limit < len(events) else None,
        )

    async def speaker(self, workspace: str, speaker_id: UUID) -> SpeakerEvents:
        """The events of all samples of a speaker.

        Raises:
            SpeakerNotFound: There is none.
        """
        async with self.database.snapshot() as connection:
            if not await connection.fetchval(_SQL["has_speaker"], workspace, speaker_id):
                raise SpeakerNotFound(f"there is no speaker {speaker_id}")
            runs = await connection.fetch(_SQL["runs_of_speaker"], workspace, speaker_id)
            events = await _events(connection, [run["id"] for run in runs])
        return SpeakerEvents(speaker_id=str(speaker_id), events=tuple(events))


async def _events(connection: Connection, run_ids: list[UUID]) -> list[PastEvent]:
    begins = await connection.fetch(_SQL["begins"], run_ids)
    rows = await connection.fetch(_SQL["facts"], run_ids)
    return _history(rows, {run["id"]: run["created_at"] for run in begins})


def _index_after(events: Sequence[PastEvent], name: str | None) -> int:
    if name is None:
        return 0
    for index, one in enumerate(events):
        if one.event == name:
            return index + 1
    raise InvalidRequest.of(FieldError(field="cursor", message="is no event of this run"))


def _history(rows: Iterable[Record], begins: Mapping[UUID, datetime.datetime]) -> list[PastEvent]:
    """In time order; what a replay took over was recorded in one moment, and lies in the order of its work."""
    pairs = sorted(
        ((row, _published(row).summary()) for row in rows),
        key=lambda pair: (pair[1].at, pair[1].started_at, pair[1].part, pair[0]["position"]),
    )
    ends = _ends_of_inputs(pairs)
    history: list[PastEvent] = []
    for row, summary in pairs:
        begin = begins[row["run_id"]]
        history.append(
            PastEvent(
                **dict(summary),
                since_start=_seconds(begin, summary.at),
                since_previous=_seconds(history[-1].at if history else begin, summary.at),
                queued=_queued(summary, ends, begin=None if row["worked_in"] else begin),
                worked_in=str(row["worked_in"]) if row["worked_in"] else None,
            )
        )
    return history


def _published(row: Record) -> Published:
    return Published(
        publisher=Unit(run_id=str(row["run_id"]), stage=row["stage"], part=row["part"]),
        position=row["position"],
        stream=row["stream"],
        event=row["event"],
        report=row["report"],
        at=row["recorded_at"],
    )


def _ends_of_inputs(pairs: Iterable[tuple[Record, EventSummary]]) -> dict[Unit, list[datetime.datetime]]:
    """Unit → when the units ended whose events asked for it."""
    ends: dict[Unit, list[datetime.datetime]] = {}
    for row, summary in pairs:
        if (position := CONSUMERS.get(summary.stream)) is not None:
            unit = position.unit(EVENTS[summary.stream].model_validate_json(row["event"]))
            end = summary.started_at + datetime.timedelta(seconds=summary.seconds)
            ends.setdefault(unit, []).append(end)
    return ends


def _queued(
    summary: EventSummary, ends: Mapping[Unit, Sequence[datetime.datetime]], *, begin: datetime.datetime | None
) -> float | None:
    """From the last input that was there, in this run, when the attempt began."""
    unit = Unit(run_id=summary.run_id, stage=summary.stage, part=summary.part)
    known = [end for end in ends.get(unit, ()) if end <= summary.started_at]
    if not known:
        return 0.0 if unit in ends else None
    return _seconds(max([*known, begin] if begin else known), summary.started_at)


def _seconds(begin: datetime.datetime, end: datetime.datetime) -> float:
    return round(max(0.0, (end - begin).total_seconds()), 3)
