"""Enrolled speakers as the diarizer sees them: galleries, and the decision which label is whom."""

import hashlib
from typing import Literal

from pydantic import Field

from libs.common.speech import EmbeddingModel, Frozen


class Voiceprint(Frozen):
    """A stored speaker embedding of an enrolled person."""

    sample_id: str
    speaker_id: str
    name: str
    vector: tuple[float, ...]
    """L2-normalized, shape (model.dimension,)."""


class Gallery(Frozen):
    """All voiceprints of a workspace for one embedding model."""

    version: Literal[1] = 1
    workspace: str
    model: EmbeddingModel
    voiceprints: tuple[Voiceprint, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the content, to say later which gallery a decision was made with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def gallery_key(workspace: str, model: EmbeddingModel) -> str:
    """Object key (and, behind the key prefix, Redis key) of a gallery."""
    return f"galleries/{workspace}/{model.id}.json"


class Candidate(Frozen):
    """One enrolled speaker and how alike the voices are."""

    speaker_id: str
    name: str
    score: float
    """Raw cosine similarity of the speaker's best voiceprint, -1 to 1."""


Reason = Literal[
    "matched",
    "empty_gallery",
    "no_embedding",
    "below_threshold",
    "not_mutual",
    "ambiguous_speaker",
    "ambiguous_label",
    "stage_failed",
]
"""Why a label got a name or not.

`ambiguous_speaker`: a second speaker is nearly as close to this label. `ambiguous_label`: a second label is nearly
as close to this speaker. `not_mutual`: the best speaker is closer to another label.
"""


class Decision(Frozen):
    """What was decided for one label, with the scores it rests on; also kept when the answer was no."""

    label: str
    reason: Reason
    speaker_id: str | None = None
    name: str | None = None

    score: float | None = None
    """Raw cosine similarity to the best candidate, whether or not it was accepted."""

    margin: float | None = None
    """Distance of the score to the nearest rival, the smaller of both sides; `None` without a rival."""

    candidates: tuple[Candidate, ...] = ()
    """The closest speakers, best first, at most five."""

    speech_seconds: float = 0.0
    embedding_key: str | None = None


class SpeakerMatches(Frozen):
    """The artifact `speakers.json`: one decision per label."""

    version: Literal[1] = 1
    model: EmbeddingModel | None
    gallery_digest: str | None
    threshold: float
    margin: float
    decisions: tuple[Decision, ...] = Field(default=())

    @property
    def names(self) -> dict[str, str]:
        """Label → name, for the labels that have one."""
        return {one.label: one.name for one in self.decisions if one.name is not None}
