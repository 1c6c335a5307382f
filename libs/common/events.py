"""Facts about meetings and samples: one class, one stream. Events hold keys; what grows is an object in the store."""

from typing import ClassVar, TypedDict, cast

from pydantic import Field

from libs.common.minutes import Usage
from libs.common.speech import EmbeddingModel, Frozen, Segment


class Event(Frozen):
    """A fact, published once."""

    stream: ClassVar[str]

    revision: ClassVar[int] = 1
    """The newest that this release reads; grows when a new field or option changes what an event means."""

    workspace: str
    run_id: str

    @property
    def needed_revision(self) -> int:
        """The oldest revision that understands this very event; a release that does not know it hands it back."""
        return 1

    @property
    def folder(self) -> str:
        """Where the run's objects are."""
        raise NotImplementedError

    @property
    def part(self) -> str:
        """Which of several equal units of the run this event concerns; empty where there is only one."""
        return ""


class MeetingSubject(TypedDict):
    """What all events of one run of a meeting share."""

    workspace: str
    run_id: str
    meeting_id: str
    request_key: str
    request_revision: int


class MeetingEvent(Event):
    """A fact about one run of a meeting."""

    revision: ClassVar[int] = 2

    meeting_id: str

    request_key: str
    """Object key of the `MeetingRequest`."""

    request_revision: int = Field(default=1, ge=1)
    """`MeetingRequest.revision`: a worker that does not know all options of the run must not work on it."""

    @property
    def needed_revision(self) -> int:
        return self.request_revision

    @property
    def folder(self) -> str:
        return f"meetings/{self.meeting_id}/{self.run_id}"

    @property
    def subject(self) -> MeetingSubject:
        """The fields that every event of the same run shares."""
        return cast(MeetingSubject, self.model_dump(include=set(MeetingEvent.model_fields)))


class MeetingAccepted(MeetingEvent):
    """A client handed in a recording."""

    stream: ClassVar[str] = "meeting.accepted.v1"

    upload_key: str
    """The recording as it came, any format."""


class AudioNormalized(MeetingEvent):
    """The recording is 16 kHz mono FLAC with its loudness normalized."""

    stream: ClassVar[str] = "audio.normalized.v1"

    audio_key: str
    duration: float = Field(ge=0)

    recording_key: str | None = None
    """Object key of the normalizer's `Recording`: the technical data of the upload and what was done to it."""


class SpeechDiarized(MeetingEvent):
    """It is known who talks when, by label."""

    stream: ClassVar[str] = "speech.diarized.v1"

    audio_key: str
    duration: float = Field(ge=0)

    turns_key: str
    """Object key of the `Diarization`."""


class SpeakersMatched(MeetingEvent):
    """Labels that are enrolled speakers have their names."""

    stream: ClassVar[str] = "speakers.matched.v1"

    audio_key: str
    duration: float = Field(ge=0)
    turns_key: str

    speakers_key: str
    """Object key of the `SpeakerMatches`."""


class ChunkEvent(MeetingEvent):
    """A fact about one chunk."""

    audio_key: str
    duration: float = Field(ge=0)
    turns_key: str
    speakers_key: str
    index: int = Field(ge=0)
    num_chunks: int = Field(ge=1)
    segment: Segment

    @property
    def part(self) -> str:
        return f"{self.index:05d}"


class ChunkPlanned(ChunkEvent):
    """A stretch of the meeting waits to be transcribed."""

    stream: ClassVar[str] = "chunk.planned.v1"


class ChunkTranscribed(ChunkEvent):
    """The words of a chunk are there, or it is known that they cannot be had."""

    stream: ClassVar[str] = "chunk.transcribed.v1"

    words_key: str | None
    """Object key of the `ChunkWords`; `None` if the chunk failed."""

    error_code: str | None = None
    error_message: str | None = None


class TranscriptAssembled(MeetingEvent):
    """The transcript is complete."""

    stream: ClassVar[str] = "transcript.assembled.v1"

    duration: float = Field(ge=0)
    language: str | None
    transcript_key: str
    speakers_key: str
    personas: tuple[str, ...]
    """Minutes are written for these."""


class MinutesPlanned(MeetingEvent):
    """Minutes for one persona wait to be written."""

    stream: ClassVar[str] = "minutes.planned.v1"

    transcript_key: str
    speakers_key: str
    persona: str

    @classmethod
    def of(cls, assembled: TranscriptAssembled, persona: str) -> "MinutesPlanned":
        """The minutes of this transcript for a persona."""
        return cls(
            **assembled.subject,
            transcript_key=assembled.transcript_key,
            speakers_key=assembled.speakers_key,
            persona=persona,
        )

    @property
    def part(self) -> str:
        return self.persona


class MinutesWritten(MeetingEvent):
    """The minutes for one persona are there."""

    stream: ClassVar[str] = "minutes.written.v1"

    persona: str

    minutes_key: str
    """Object key of the `Minutes`."""

    usage: Usage = Usage()
    """The same as in the `Minutes`, so that costs are known without reading them."""

    @property
    def part(self) -> str:
        return self.persona


class SampleSubject(TypedDict):
    """What all events of one run of a sample share."""

    workspace: str
    run_id: str
    speaker_id: str
    sample_id: str


class SampleEvent(Event):
    """A fact about one run of an enrolment sample."""

    speaker_id: str
    sample_id: str

    @property
    def folder(self) -> str:
        return f"samples/{self.sample_id}/{self.run_id}"

    @property
    def subject(self) -> SampleSubject:
        """The fields that every event of the same run shares."""
        return cast(SampleSubject, self.model_dump(include=set(SampleEvent.model_fields)))


class SampleAccepted(SampleEvent):
    """A client handed in an enrolment clip."""

    stream: ClassVar[str] = "sample.accepted.v1"

    upload_key: str


class SampleNormalized(SampleEvent):
    """The clip is 16 kHz mono FLAC with its loudness normalized."""

    stream: ClassVar[str] = "sample.normalized.v1"

    audio_key: str
    duration: float = Field(ge=0)

    recording_key: str | None = None
    """Object key of the normalizer's `Recording`: the technical data of the upload and what was done to it."""


class VoiceEmbedded(SampleEvent):
    """The clip holds one voice, and its embedding is there."""

    stream: ClassVar[str] = "voice.embedded.v1"

    embedding_key: str
    """Object key of the `SpeakerEmbedding`."""

    model: EmbeddingModel
    speech_seconds: float = Field(ge=0)


class StageFailed(Event):
    """A unit was given up."""

    stream: ClassVar[str] = "stage.failed.v1"

    meeting_id: str | None = None
    speaker_id: str | None = None
    sample_id: str | None = None
    stage: str
    unit_part: str
    code: str
    message: str
    attempts: int = Field(ge=1)

    @property
    def part(self) -> str:
        return f"{self.stage}.{self.unit_part}" if self.unit_part else self.stage


MEETING_EVENTS: tuple[type[MeetingEvent], ...] = (
    MeetingAccepted,
    AudioNormalized,
    SpeechDiarized,
    SpeakersMatched,
    ChunkPlanned,
    ChunkTranscribed,
    TranscriptAssembled,
    MinutesPlanned,
    MinutesWritten,
)
"""The facts of a meeting, in the order of the line."""

SAMPLE_EVENTS: tuple[type[SampleEvent], ...] = (SampleAccepted, SampleNormalized, VoiceEmbedded)
"""The facts of an enrolment sample, in order."""

_ALL_EVENTS: tuple[type[Event], ...] = (*MEETING_EVENTS, *SAMPLE_EVENTS, StageFailed)

EVENTS: dict[str, type[Event]] = {event.stream: event for event in _ALL_EVENTS}
"""Stream → class of the events on it."""
