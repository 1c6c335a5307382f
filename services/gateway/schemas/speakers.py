"""What the API answers about speakers."""

import datetime
from typing import Literal

from pydantic import Field

from services.gateway.schemas.answers import Answer
from services.gateway.schemas.problems import StageError

SpeakerStatus = Literal["processing", "enrolled", "failed"]

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
    error: StageError | None
    """Why it failed; the code is stable."""

    speech_seconds: float | None
    created_at: datetime.datetime


class Speaker(Answer):
    """An enrolled person. One good sample is enough to be `enrolled`."""

    speaker_id: str
    name: str
    status: SpeakerStatus
    created_at: datetime.datetime
    samples: tuple[SampleStatus, ...]


class SpeakerPage(Answer):
    """Some speakers, newest first."""

    speakers: tuple[Speaker, ...]
    next_cursor: str | None
    """Give it as `cursor` for the next page; `null` on the last one."""


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
