"""What a gateway answers about speakers, as far as this program reads it."""

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


class Speaker(Answer):
    """An enrolled person, or one who is being enrolled."""

    speaker_id: str
    name: str
    status: str
    samples: tuple[Sample, ...] = ()


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
