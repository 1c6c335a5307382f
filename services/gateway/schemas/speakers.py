"""What the API answers about speakers."""

import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from libs.common.speech import Frozen
from services.gateway.schemas.answers import Answer
from services.gateway.schemas.problems import StageError

SpeakerStatus = Literal["processing", "enrolled", "failed"]

VoiceprintState = Literal["present", "under_way", "missing", "failed", "no_audio", "unknown"]

_ID = "a1d1c9a2-8a3f-4a53-b7a4-0c6f1b1f6f0e"


class EnrolmentAnswer(Answer):
    """The samples are safe and will be worked on."""

    speaker_id: str = Field(examples=[_ID])
    name: str
    created: bool
    """False if the samples were added to a speaker who had this name already."""

    sample_ids: tuple[str, ...]
    status: Literal["processing"] = "processing"
    status_url: str = Field(examples=[f"/api/speakers/{_ID}"])


class SampleStatus(Answer):
    """One enrolment clip."""

    sample_id: str
    filename: str | None
    status: SpeakerStatus
    """`enrolled` as soon as there is a voiceprint, of whichever model, and as long as the sample is there."""

    error: StageError | None
    """Why its newest run failed; the code is stable. An enrolled sample may have one: the voiceprints stay."""

    models: tuple[str, ...] = Field(examples=[["resemblyzer@0.1.4"]])
    """Embedding models of which it has a voiceprint, oldest first; only voices of the same model are compared."""

    voiceprint: VoiceprintState
    """What there is of the embedding model that the living diarizers use. `missing`: `POST /api/speakers/re-embed`
    makes it. `failed`: that model could not make one; see `error` and `/api/pipeline/dead`. `no_audio`: the clip was
    never normalized. `unknown`: no diarizer lives, or they use several models."""

    speech_seconds: float | None
    created_at: datetime.datetime


class Speaker(Answer):
    """An enrolled person. One good sample is enough to be `enrolled`."""

    speaker_id: str
    name: str
    status: SpeakerStatus
    created_at: datetime.datetime
    recognizable: bool | None
    """Whether one of the samples has a voiceprint of the embedding model that the living diarizers use; `null` while
    nobody can say."""

    samples: tuple[SampleStatus, ...]


class SpeakerPage(Answer):
    """Some speakers, newest first."""

    speakers: tuple[Speaker, ...]
    next_cursor: str | None
    """Give it as `cursor` for the next page; `null` on the last one."""


class ReembeddingWish(Frozen):
    """Whose samples shall have voiceprints of the embedding model in use."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    speakers: Annotated[tuple[UUID, ...], Field(min_length=1)] | None = None
    """Ids; otherwise all speakers of the workspace."""


class ReembeddingAnswer(Answer):
    """Every sample that can have a voiceprint of the embedding model in use, and has none, is being embedded."""

    model: str = Field(examples=["resemblyzer@0.1.4"])
    """The embedding model that the living diarizers use."""

    started: int
    """Samples that this request has begun to embed."""

    present: int
    """Samples that have a voiceprint of this model already."""

    under_way: int
    """Samples that were in work already."""

    failed: int
    """Samples of which this model could not make one; they are not started again. `/api/pipeline/dead` has them."""

    no_audio: int
    """Samples that were never normalized, so that there is nothing to embed."""

    speakers_url: Literal["/api/speakers"] = "/api/speakers"
    """Where `voiceprint` says of each sample how far it is."""


class SpeakerReceipt(Answer):
    """What the deletion of a speaker removed."""

    speaker_id: str
    deleted_at: datetime.datetime
    samples: int
    voiceprints: int
    embeddings: int
    """Embeddings of this voice from meetings."""

    galleries: int
    """Galleries that were made again without this voice."""

    objects: int
    """Removed from the object store so far."""

    pending: bool
    """True while something is left to remove, because a dependency did not answer; it is tried again."""
