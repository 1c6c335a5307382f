"""Who could not be recognized in a run, because only another embedding model had heard them."""

from collections.abc import Mapping

from libs.common.events import SpeakersMatched
from libs.common.outcome import Warned
from libs.common.speakers import SpeakerMatches
from services.gateway.database import Connection, load_queries
from services.gateway.runs.facts import RunFacts

_SQL = load_queries("voiceprints")


async def enrolled_speakers(connection: Connection, workspace: str, facts: RunFacts) -> Mapping[str | None, int]:
    """How many speakers had voiceprints when the run was matched: of each embedding model, and under `None` of any."""
    for fact in facts.facts:
        if isinstance(fact.event, SpeakersMatched):
            rows = await connection.fetch(_SQL["speakers_by_model"], workspace, fact.report.started_at)
            return {row["model"]: row["speakers"] for row in rows}
    return {}


def unrecognized(matches: SpeakerMatches, enrolled: Mapping[str | None, int]) -> tuple[Warned, ...]:
    """A warning if some speakers had no voiceprint of the model with which the run was matched."""
    if matches.model is None:
        return ()
    missing = enrolled.get(None, 0) - enrolled.get(matches.model.id, 0)
    if not missing:
        return ()
    who = "1 speaker was" if missing == 1 else f"{missing} speakers were"
    message = (
        f"{who} enrolled with another engine and could not be recognized; "
        "run `hansard speakers re-embed`, then replay the meeting from diarize"
    )
    return (Warned(code="speakers_without_voiceprint", message=message, stage="match"),)
