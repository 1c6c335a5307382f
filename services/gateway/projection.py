"""Events become rows, each once, in one transaction with what follows from them; only then are they acknowledged."""

import asyncio
import uuid
from dataclasses import dataclass

import structlog
from asyncpg import DataError, IntegrityConstraintViolationError

from libs.common.errors import ObjectMissing, StorageUnavailable
from libs.common.events import EVENTS, ChunkPlanned, ChunkTranscribed, Event, SpeakersMatched, VoiceEmbedded
from libs.common.runtime.retry import REDIS_OUTAGE, backoff
from libs.common.speakers import Decision, SpeakerMatches
from libs.common.speech import SpeakerEmbedding
from libs.common.storage import ObjectStore
from libs.common.streams.connection import BLOCK
from libs.common.streams.keys import PREFIX
from libs.common.streams.queue import Delivery
from libs.common.streams.reader import GroupReader, Read
from services.gateway.database import Connection, Database, DatabaseUnavailable, load_queries
from services.gateway.run_status import state_of

_SQL = load_queries("projection")
_READ_AT_ONCE = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Evidence:
    """What an event names and its row needs, read before the transaction."""

    decisions: tuple[Decision, ...] = ()
    embedding: SpeakerEmbedding | None = None


class Projection:
    """Turns entries into facts, the state of runs, labels and voiceprints."""

    def __init__(
        self, database: Database, store: ObjectStore, reader: GroupReader, *, lease: float, galleries: asyncio.Event
    ) -> None:
        """`galleries` is set when an enrolment changed, so that its gallery is rebuilt at once."""
        self._database = database
        self._store = store
        self._reader = reader
        self._lease = lease
        self._galleries = galleries
        self._is_closing = False

    def close(self) -> None:
        """Let `run` return within the time that a read may wait."""
        self._is_closing = True

    async def run(self) -> None:
        """Project until `close`; a read that is cancelled would leave entries that nobody sees."""
        loop = asyncio.get_running_loop()
        failures, next_takeover = 0, loop.time()
        while not self._is_closing:
            try:
                if loop.time() >= next_takeover:
                    next_takeover = loop.time() + self._lease / 3
                    await self._project(await self._reader.take_over(_READ_AT_ONCE, lease=self._lease))
                await self._project(await self._reader.read(_READ_AT_ONCE, block=BLOCK / 2))
                failures = 0
            except REDIS_OUTAGE as error:
                failures += 1
                _log.warning("projection waits for redis", error=str(error), failures=failures)
                await asyncio.sleep(backoff(failures, base=0.1, cap=5.0))
                # Redis's downtime counts as idle time of every entry.
                next_takeover = loop.time() + self._lease

    async def _project(self, reads: list[Read]) -> None:
        for read in reads:
            if isinstance(read.delivery, Delivery):
                await self._record_in_time(read.stream.removeprefix(PREFIX), read.delivery)
            else:
                _log.error("discarded an entry that nobody can read", stream=read.stream, reason=read.delivery.reason)
        await self._reader.acknowledge(reads)

    async def _record_in_time(self, stream: str, delivery: Delivery) -> None:
        failures = 0
        while True:
            try:
                return await self._record(stream, delivery)
            except (DatabaseUnavailable, StorageUnavailable) as error:
                failures += 1
                _log.warning("projection waits", error=str(error), failures=failures)
                await asyncio.sleep(backoff(failures, base=0.1, cap=5.0))

    async def _record(self, stream: str, delivery: Delivery) -> None:
        try:
            event = EVENTS[stream].model_validate_json(delivery.entry.event)
            evidence = await self._evidence(event)
            async with self._database.transaction() as connection:
                await self._store_fact(connection, stream, delivery, event, evidence)
        except (ValueError, DataError, IntegrityConstraintViolationError, ObjectMissing):
            _log.exception("this event cannot become a row", stream=stream, fact=delivery.entry.fact)
            return
        if isinstance(event, VoiceEmbedded):
            self._galleries.set()

    async def _evidence(self, event: Event) -> _Evidence:
        if isinstance(event, SpeakersMatched):
            return _Evidence(decisions=(await self._store.load(SpeakerMatches, event.speakers_key)).decisions)
        if isinstance(event, VoiceEmbedded):
            return _Evidence(embedding=await self._store.load(SpeakerEmbedding, event.embedding_key))
        return _Evidence()

    async def _store_fact(
        self, connection: Connection, stream: str, delivery: Delivery, event: Event, evidence: _Evidence
    ) -> None:
        run = await connection.fetchrow(_SQL["lock_run"], uuid.UUID(event.run_id))
        if run is None:
            return  # deleted with its meeting or speaker
        entry, unit = delivery.entry, delivery.entry.publisher
        is_new = await connection.fetchval(
            _SQL["insert_fact"],
            run["id"],
            unit.stage,
            unit.part,
            entry.position,
            entry.siblings,
            stream,
            entry.event,
            entry.report,
            delivery.id,
        )
        if not is_new:
            return
        await self._follow(connection, run["workspace"], event, evidence)
        if run["ended_at"] is not None or isinstance(event, ChunkPlanned | ChunkTranscribed):
            # A terminal run stays what it is; a fact that comes late still completes its record.
            await connection.execute(_SQL["touch_run"], run["id"])
        else:
            await self._update_run(connection, run["id"])

    async def _follow(self, connection: Connection, workspace: str, event: Event, evidence: _Evidence) -> None:
        if isinstance(event, SpeakersMatched):
            await _store_labels(connection, workspace, event, evidence.decisions)
        if isinstance(event, VoiceEmbedded) and evidence.embedding is not None:
            await _store_voiceprint(connection, workspace, event, evidence.embedding)

    async def _update_run(self, connection: Connection, run_id: uuid.UUID) -> None:
        rows = await connection.fetch(_SQL["facts_that_decide"], run_id)
        state = state_of([EVENTS[row["stream"]].model_validate_json(row["event"]) for row in rows])
        failure = state.failure
        await connection.execute(
            _SQL["update_run"],
            run_id,
            state.status,
            failure.code if failure else None,
            failure.message if failure else None,
            failure.stage if failure else None,
            state.is_ended,
        )
        if state.is_ended:
            _log.info("run ended", run_id=str(run_id), status=state.status, code=failure.code if failure else None)


async def _store_labels(
    connection: Connection, workspace: str, event: SpeakersMatched, decisions: tuple[Decision, ...]
) -> None:
    named = {uuid.UUID(one.speaker_id) for one in decisions if one.speaker_id and one.reason == "matched"}
    alive = {row["id"] for row in await connection.fetch(_SQL["speakers_alive"], list(named))}
    for one in decisions:
        speaker = uuid.UUID(one.speaker_id) if one.speaker_id and one.reason == "matched" else None
        await connection.execute(_SQL["insert_label"], uuid.UUID(event.run_id), one.label, speaker, one.embedding_key)
        if speaker is not None and speaker not in alive and one.embedding_key is not None:
            # Deleted between the match and this row: the embedding goes as if it had been there in time.
            await connection.execute(_SQL["insert_erasure_of_embeddings"], workspace, speaker, [one.embedding_key])


async def _store_voiceprint(
    connection: Connection, workspace: str, event: VoiceEmbedded, embedding: SpeakerEmbedding
) -> None:
    speaker, sample = uuid.UUID(event.speaker_id), uuid.UUID(event.sample_id)
    if await connection.fetchrow(_SQL["lock_speaker"], speaker, workspace) is None:
        return
    model = event.model
    await connection.execute(
        _SQL["insert_voiceprint"], sample, speaker, workspace, model.name, model.revision, list(embedding.vector)
    )
    await connection.execute(_SQL["set_speech_seconds"], sample, event.speech_seconds)
    await connection.execute(_SQL["request_gallery"], workspace, model.name, model.revision)
