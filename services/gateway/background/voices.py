"""Who is whom, as rows: the labels of a run, and the voiceprints of speakers. Erasing a voice rests on both."""

import uuid
from collections.abc import Iterable, Set

from libs.common.events import SpeakersMatched, VoiceEmbedded
from libs.common.speakers import Decision
from libs.common.speech import SpeakerEmbedding
from services.gateway.background.erasures import Erasure, Erasures
from services.gateway.database import Connection, load_queries

_SQL = load_queries("projection")


async def lock_speaker(connection: Connection, workspace: str, speaker_id: str) -> bool:
    """Let nobody delete the speaker before the transaction ends; False if somebody has.

    It comes before any lock on a run: whoever deletes the speaker locks in this order too.
    """
    return await connection.fetchrow(_SQL["lock_speaker"], uuid.UUID(speaker_id), workspace) is not None


async def lock_matched(connection: Connection, decisions: Iterable[Decision]) -> Set[uuid.UUID]:
    """Let nobody delete the speakers who were matched before the transaction ends; those who live.

    It comes before any lock on a run: whoever deletes a speaker may wait for the reconciler, and that for the run.
    """
    named = {speaker for one in decisions if (speaker := _matched(one)) is not None}
    if not named:
        return named
    return {row["id"] for row in await connection.fetch(_SQL["lock_speakers_alive"], list(named))}


async def store_labels(
    connection: Connection,
    erasures: Erasures,
    event: SpeakersMatched,
    decisions: Iterable[Decision],
    alive: Set[uuid.UUID],
) -> None:
    """Write who the labels are; what belongs to a speaker who is not `alive`, and locked, goes at once."""
    for one in decisions:
        speaker = _matched(one)
        await connection.execute(_SQL["insert_label"], uuid.UUID(event.run_id), one.label, speaker, one.embedding_key)
        if speaker is not None and speaker not in alive and one.embedding_key is not None:
            await erasures.request(connection, Erasure(event.workspace, speaker_id=speaker, keys=(one.embedding_key,)))


def _matched(decision: Decision) -> uuid.UUID | None:
    is_matched = decision.speaker_id and decision.reason == "matched"
    return uuid.UUID(decision.speaker_id) if is_matched else None


async def store_voiceprint(
    connection: Connection, workspace: str, event: VoiceEmbedded, embedding: SpeakerEmbedding
) -> None:
    """Write the voiceprint of a speaker who is locked, and ask for a new gallery."""
    speaker, sample, model = uuid.UUID(event.speaker_id), uuid.UUID(event.sample_id), event.model
    await connection.execute(
        _SQL["insert_voiceprint"], sample, speaker, workspace, model.name, model.revision, list(embedding.vector)
    )
    await connection.execute(_SQL["set_speech_seconds"], sample, event.speech_seconds)
    await connection.execute(_SQL["request_gallery"], workspace, model.name, model.revision)
