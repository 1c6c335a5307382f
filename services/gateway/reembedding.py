"""After a change of engine: samples are embedded again by the model in use, from the audio that was kept."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from asyncpg import Record
from redis.asyncio import Redis

from services.gateway.database import Connection, Database, load_queries
from services.gateway.embedding_models import need_model_in_use
from services.gateway.errors import SpeakerNotFound
from services.gateway.runs.reuse import reuse_normalized, stored_facts
from services.gateway.runs.successor import Successor
from services.gateway.schemas.speakers import ReembeddingAnswer
from services.gateway.voiceprints import voiceprint_state

_SQL = load_queries("voiceprints")
_SAMPLES = load_queries("speakers")["samples_of_speakers"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reembedding:
    """The use case. What has been started stays started; to ask again starts only what is still missing."""

    database: Database
    redis: Redis
    outbox_waiting: asyncio.Event
    """Set when the relay has something to publish."""

    async def start(self, workspace: str, speaker_ids: Sequence[UUID] | None) -> ReembeddingAnswer:
        """Begin a run for each sample, of these speakers or of all, that lacks a voiceprint of the model in use.

        A diarizer of another model that comes up meanwhile may take a run; its sample then still lacks the voiceprint.

        Raises:
            EmbeddingModelUnknown, SeveralEmbeddingModels: Nobody can say which model that is.
            SpeakerNotFound: One of the speakers is not there; then nothing is started.
        """
        model = await need_model_in_use(self.redis)
        chosen = await self._chosen(workspace, speaker_ids)
        samples = await self.database.fetch(_SAMPLES, chosen, model)
        lacking = {one["speaker_id"] for one in samples if voiceprint_state(one, model) == "missing"}
        found = Counter[str](voiceprint_state(one, model) for one in samples if one["speaker_id"] not in lacking)
        for speaker_id in sorted(lacking):
            found += await self._start(workspace, speaker_id, model)
        _log.info("samples are embedded again", workspace=workspace, model=model, started=found["missing"])
        return ReembeddingAnswer(
            model=model,
            started=found["missing"],
            present=found["present"],
            under_way=found["under_way"],
            failed=found["failed"],
            no_audio=found["no_audio"],
        )

    async def _chosen(self, workspace: str, speaker_ids: Sequence[UUID] | None) -> list[UUID]:
        rows = await self.database.fetch(_SQL["chosen_speakers"], workspace, speaker_ids)
        found = [row["id"] for row in rows]
        for one in speaker_ids or ():
            if one not in found:
                raise SpeakerNotFound(f"there is no speaker {one}")
        return found

    async def _start(self, workspace: str, speaker_id: UUID, model: str) -> Counter[str]:
        """Begin the runs of one speaker; the states in which the samples were found."""
        async with self.database.transaction() as connection:
            if await connection.fetchval(_SQL["lock_speaker"], workspace, speaker_id) is None:
                return Counter()  # deleted meanwhile
            samples = await connection.fetch(_SAMPLES, [speaker_id], model)
            for one in samples:
                if voiceprint_state(one, model) == "missing":
                    await _begin(connection, workspace, one)
        self.outbox_waiting.set()
        return Counter(voiceprint_state(one, model) for one in samples)


async def _begin(connection: Connection, workspace: str, sample: Record) -> None:
    reuse = reuse_normalized(await stored_facts(connection, str(sample["normalized_in"])))
    run = Successor(uuid4(), sample["normalized_in"], workspace, None, sample["id"], reuse)
    await run.insert(connection, becomes_current=False)
