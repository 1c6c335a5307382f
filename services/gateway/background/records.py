"""One event becomes rows, once, in one transaction with what follows from it."""

import datetime
import re
import uuid
from collections.abc import Set
from dataclasses import dataclass, replace

import structlog
from asyncpg import DataError, IntegrityConstraintViolationError, Record

from libs.common.errors import ObjectMissing, PipelineError, UnreadableEvent
from libs.common.events import (
    EVENTS,
    ChunkPlanned,
    ChunkTranscribed,
    Event,
    SampleEvent,
    SpeakersMatched,
    StageFailed,
    VoiceEmbedded,
)
from libs.common.outcome import Report
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.speech import SpeakerEmbedding
from libs.common.storage import ObjectStore
from libs.common.streams.entry import Entry
from libs.common.streams.queue import Delivery
from services.gateway.background.erasures import Erasures
from services.gateway.background.voices import lock_matched, lock_speaker, store_labels, store_voiceprint
from services.gateway.database import Connection, Database, load_queries
from services.gateway.runs.places import lock_place, take_place
from services.gateway.runs.state import state_of

_SQL = load_queries("projection")
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Evidence:
    """What an event names and its row needs, read before the transaction."""

    decisions: tuple[Decision, ...] = ()
    embedding: SpeakerEmbedding | None = None


@dataclass(frozen=True)
class Recorded:
    """What an event changed."""

    event: Event
    ended_as: str | None = None
    """What its run came to, if it ended with this."""


@dataclass(frozen=True)
class Records:
    """Writes facts, the state of runs, labels and voiceprints."""

    database: Database
    store: ObjectStore
    erasures: Erasures

    async def record(self, stream: str, delivery: Delivery) -> Recorded:
        """Record the event of an entry; one that cannot become a row is recorded as the failure of its unit.

        Raises:
            DatabaseUnavailable, StorageUnavailable: To be tried again.
            UnreadableEvent: Not even the failure has a place among the rows.
        """
        delivery = replace(delivery, entry=_without_nul(delivery.entry))
        try:
            event = EVENTS[stream].model_validate_json(delivery.entry.event)
            Report.model_validate_json(delivery.entry.report)
            return await self._write(delivery, event, await self._evidence(event))
        except (ValueError, DataError, IntegrityConstraintViolationError):
            _log.exception("this event cannot become a row", stream=stream, fact=delivery.entry.fact)
            return await self._give_up(delivery, UnreadableEvent("what the stage published cannot be recorded"))
        except ObjectMissing as error:
            _log.exception("an event names what is not there", stream=stream, fact=delivery.entry.fact)
            return await self._give_up(delivery, error)

    async def _give_up(self, delivery: Delivery, error: PipelineError) -> Recorded:
        unit = delivery.entry.publisher
        failure = StageFailed(
            workspace="",
            run_id=unit.run_id,
            stage=unit.stage,
            unit_part=unit.part,
            code=error.code,
            message=error.message,
            attempts=1,
        )
        report = Report(started_at=datetime.datetime.now(datetime.UTC), seconds=0, attempts=1)
        entry = _without_nul(replace(delivery.entry, event=failure.model_dump_json(), report=report.model_dump_json()))
        try:
            return await self._write(replace(delivery, entry=entry), failure, _Evidence())
        except (ValueError, DataError) as fault:
            raise UnreadableEvent(f"{entry.fact} is not the fact of any run") from fault

    async def _evidence(self, event: Event) -> _Evidence:
        if isinstance(event, SpeakersMatched):
            return _Evidence(decisions=(await self.store.load(SpeakerMatches, event.speakers_key)).decisions)
        if isinstance(event, VoiceEmbedded):
            return _Evidence(embedding=await self.store.load(SpeakerEmbedding, event.embedding_key))
        return _Evidence()

    async def _write(self, delivery: Delivery, event: Event, evidence: _Evidence) -> Recorded:
        async with self.database.transaction() as connection:
            if isinstance(event, SampleEvent) and not await lock_speaker(connection, event.workspace, event.speaker_id):
                return Recorded(event)
            alive = await lock_matched(connection, evidence.decisions)
            await lock_place(connection, uuid.UUID(event.run_id))
            run = await connection.fetchrow(_SQL["lock_run"], uuid.UUID(event.run_id))
            if run is None or await connection.fetchval(_SQL["is_deleted"], run["meeting_id"]):
                return Recorded(event)  # deleted, or being deleted, with its meeting or speaker
            if not await _insert_fact(connection, run["id"], delivery, event):
                return Recorded(event)
            await self._follow(connection, run["workspace"], event, evidence, alive)
            return Recorded(event, ended_as=await _change_run(connection, run, event))

    async def _follow(
        self, connection: Connection, workspace: str, event: Event, evidence: _Evidence, alive: Set[uuid.UUID]
    ) -> None:
        if isinstance(event, SpeakersMatched):
            await store_labels(connection, self.erasures, event, evidence.decisions, alive)
        if isinstance(event, VoiceEmbedded) and evidence.embedding is not None:
            await store_voiceprint(connection, workspace, event, evidence.embedding)


async def _insert_fact(connection: Connection, run_id: uuid.UUID, delivery: Delivery, event: Event) -> bool:
    entry, unit = delivery.entry, delivery.entry.publisher
    return bool(
        await connection.fetchval(
            _SQL["insert_fact"],
            run_id,
            unit.stage,
            unit.part,
            entry.position,
            entry.siblings,
            event.stream,
            entry.event,
            entry.report,
            delivery.id,
        )
    )


async def _change_run(connection: Connection, run: Record, event: Event) -> str | None:
    """What the run came to, if it has ended with this. One that had stays what it is; a late fact is still kept."""
    if run["ended_at"] is not None or isinstance(event, ChunkPlanned | ChunkTranscribed):
        await connection.execute(_SQL["touch_run"], run["id"])
        return None
    rows = await connection.fetch(_SQL["facts_that_decide"], run["id"])
    state = state_of([EVENTS[row["stream"]].model_validate_json(row["event"]) for row in rows])
    failure = state.failure
    await connection.execute(
        _SQL["update_run"],
        run["id"],
        state.status,
        failure.code if failure else None,
        failure.message if failure else None,
        failure.stage if failure else None,
        state.is_ended,
    )
    if state.status == "completed":
        await take_place(connection, run["id"])
    if state.is_ended:
        _log.info("run ended", status=state.status, code=failure.code if failure else None)
    return state.status if state.is_ended else None


def _without_nul(entry: Entry) -> Entry:
    """Postgres refuses U+0000 in JSON and in text."""
    return replace(entry, event=_NUL.sub(r"\1", entry.event), report=_NUL.sub(r"\1", entry.report))
