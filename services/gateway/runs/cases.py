"""Cases: what a meeting's runs, or one unit of any run, leave behind, to be worked again elsewhere."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record
from pydantic import ValidationError

from libs.common.cases.contents import DEAF_STAGES, Manifest, RecordedEvent, keys_in, subject_prefix
from libs.common.events import EVENTS
from libs.common.line import CONSUMERS, Position
from libs.common.outcome import Unit, outcome_key
from libs.common.release import RELEASE
from libs.common.storage import ObjectStore
from libs.common.transcript import language_key
from services.gateway.database import Database
from services.gateway.errors import EventNotFound, InvalidRequest, RunNotFound
from services.gateway.runs.recorded import recorded_events, recorded_run, run_named, runs_of_meeting
from services.gateway.schemas.problems import FieldError

_RECORDING_FIELDS = ("upload_key", "audio_key")


@dataclass(frozen=True)
class CaseWish:
    """What somebody wants to have in a case."""

    voices: bool = False
    """The voiceprints of everybody who is enrolled."""

    recording: bool = True


@dataclass(frozen=True)
class CaseContents:
    """What goes into a case, as far as it is known before the objects are read."""

    manifest: Manifest
    events: tuple[RecordedEvent, ...]
    roots: tuple[str, ...]
    """Keys of objects; what these name goes in as well."""

    recordings: frozenset[str]
    """Keys of what is no JSON."""

    is_recording_wanted: bool

    @property
    def prefix(self) -> str:
        """What the keys of all objects of the case begin with, but for galleries."""
        return subject_prefix(self.manifest.runs[0].folder)


@dataclass(frozen=True)
class Cases:
    """The use cases."""

    database: Database
    store: ObjectStore

    async def of_meeting(self, workspace: str, meeting_id: UUID, run_id: UUID | None, wish: CaseWish) -> CaseContents:
        """All runs of a meeting, or one of them.

        Raises:
            MeetingNotFound, RunNotFound: There is none.
        """
        async with self.database.snapshot() as connection:
            rows = await runs_of_meeting(connection, workspace, meeting_id)
            if run_id is not None:
                rows = [_only(rows, run_id)]
            events = await recorded_events(connection, rows)
        return await self._whole(rows, events, wish)

    async def of_run(self, workspace: str, run: str, event: str | None, wish: CaseWish) -> CaseContents:
        """A run of a meeting or sample, or just what the consumer of one of its events needs.

        `run` is an id, or the beginning of one; `event` is `<stage>[.<part>]#<position>`.

        Raises:
            RunNotFound, EventNotFound: There is none.
            InvalidRequest: Several runs begin so, or no stage consumes the event.
        """
        async with self.database.snapshot() as connection:
            row = await run_named(connection, workspace, run)
            events = await recorded_events(connection, [row])
        if event is None:
            return await self._whole([row], events, wish)
        return await self._unit(row, events, _named(events, f"{row['id']}/{event}"), wish)

    async def _whole(self, rows: Sequence[Record], events: tuple[RecordedEvent, ...], wish: CaseWish) -> CaseContents:
        outcomes = [key for row in rows for key in await self._direct_objects(f"{row['folder']}/")]
        named = keys_in([one.body for one in events], subject_prefix(rows[0]["folder"]))
        voices = await self._galleries(rows[0]["workspace"]) if wish.voices else []
        return CaseContents(
            manifest=_manifest(rows, wish),
            events=events,
            roots=(*outcomes, *named, *voices),
            recordings=_recordings(events),
            is_recording_wanted=wish.recording,
        )

    async def _unit(
        self, row: Record, events: tuple[RecordedEvent, ...], event: RecordedEvent, wish: CaseWish
    ) -> CaseContents:
        position, unit = _consumer(event)
        roots = list(keys_in(event.body, subject_prefix(row["folder"])))
        if await self.store.exists(key := outcome_key(row["folder"], unit)):
            roots.append(key)
        if position.stage == "assemble":
            roots += await self._direct_objects(f"{row['folder']}/transcribe.")
        if position.stage in {"transcribe", "assemble"} and await self.store.exists(key := language_key(row["folder"])):
            roots.append(key)
        has_voices = wish.voices and position.stage == "match"
        if has_voices:
            roots += await self._galleries(row["workspace"])
        return CaseContents(
            manifest=_manifest([row], CaseWish(voices=has_voices), event=event.name),
            events=events,
            roots=tuple(roots),
            recordings=_recordings(events),
            is_recording_wanted=wish.recording and position.stage not in DEAF_STAGES,
        )

    async def _direct_objects(self, prefix: str) -> list[str]:
        """Outcomes and the request, which lie directly in a run's folder."""
        return [key for key in await self.store.list(prefix) if "/" not in key.removeprefix(prefix)]

    async def _galleries(self, workspace: str) -> list[str]:
        return await self.store.list(f"galleries/{workspace}/")


def _only(rows: Sequence[Record], run_id: UUID) -> Record:
    for row in rows:
        if row["id"] == run_id:
            return row
    raise RunNotFound(f"the meeting has no run {run_id}")


def _named(events: Iterable[RecordedEvent], name: str) -> RecordedEvent:
    for event in events:
        if event.name == name:
            return event
    raise EventNotFound(f"there is no event {name}")


def _consumer(event: RecordedEvent) -> tuple[Position, Unit]:
    """The stage that consumes an event, and the unit that the event asks it for."""
    try:
        position = CONSUMERS[event.stream]
        return position, position.unit(EVENTS[event.stream].model_validate(event.body))
    except KeyError:
        fault = f"no stage consumes {event.stream}"
    except ValidationError:
        fault = f"this release cannot read it as {event.stream}"
    raise InvalidRequest.of(FieldError(field="event", message=fault))


def _recordings(events: Iterable[RecordedEvent]) -> frozenset[str]:
    named = (event.body.get(field) for event in events for field in _RECORDING_FIELDS)
    return frozenset(key for key in named if isinstance(key, str))


def _manifest(rows: Sequence[Record], wish: CaseWish, *, event: str | None = None) -> Manifest:
    subject = rows[0]
    return Manifest(
        release=RELEASE,
        exported_at=datetime.datetime.now(datetime.UTC),
        workspace=subject["workspace"],
        meeting_id=_text(subject["meeting_id"]),
        sample_id=_text(subject["sample_id"]),
        runs=tuple(recorded_run(row) for row in rows),
        current_run_id=_text(subject["current_run_id"]),
        event=event,
        has_voices=wish.voices,
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
