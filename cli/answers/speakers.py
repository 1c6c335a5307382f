"""What a gateway answers about speakers, as far as this program reads it."""

from typing import ClassVar

from cli.answers.answer import Answer, Fault


class AcceptedSpeaker(Answer):
    """The gateway took enrolment clips."""

    speaker_id: str
    sample_ids: tuple[str, ...]


class Sample(Answer):
    """One enrolment clip."""

    sample_id: str
    filename: str | None = None
    status: str
    error: Fault | None = None
    voiceprint: str = "unknown"
    """What there is of the embedding model in use."""

    @property
    def reason(self) -> str:
        """Why its newest run failed."""
        return f"{self.error.message} ({self.error.code})" if self.error else "failed"


class Speaker(Answer):
    """An enrolled person, or one who is being enrolled."""

    speaker_id: str
    name: str
    status: str
    recognizable: bool | None = None
    """Whether the engine in use knows the voice."""

    samples: tuple[Sample, ...] = ()


class Reembedding(Answer):
    """Samples are being embedded by the model in use."""

    states: ClassVar[tuple[str, ...]] = ("present", "under_way", "failed", "no_audio", "missing")

    model: str
    started: int
    present: int
    under_way: int
    failed: int
    no_audio: int
    missing: int = 0
    """Still: another model took them."""


class SpeakerReceipt(Answer):
    """What the deletion of a speaker removed."""

    speaker_id: str
    samples: int
    voiceprints: int
    embeddings: int
    """Of this voice, from meetings."""

    galleries: int
    objects: int
    pending: bool
    """True while something is left to remove."""
