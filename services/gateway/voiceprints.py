"""Whether samples have voiceprints of the embedding model in use."""

from asyncpg import Record

from services.gateway.schemas.speakers import VoiceprintState


def voiceprint_state(row: Record, model: str | None) -> VoiceprintState:
    """What the row of a sample says about the voiceprint of this model; the row was selected for it."""
    if model is None:
        return "unknown"
    if model in row["models"]:
        return "present"
    if row["is_under_way"]:
        return "under_way"
    if row["has_failed"]:
        return "failed"
    return "no_audio" if row["normalized_in"] is None else "missing"
