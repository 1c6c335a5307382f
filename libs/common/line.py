"""The order of the line: which stage consumes which events, and which unit an event asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from libs.common.events import (
    AudioNormalized,
    ChunkPlanned,
    ChunkTranscribed,
    Event,
    MeetingAccepted,
    MinutesPlanned,
    SampleAccepted,
    SampleNormalized,
    SpeakersMatched,
    SpeechDiarized,
)
from libs.common.outcome import Unit

ClientStage = Literal["normalize", "diarize", "match", "transcribe", "summarize"]
"""The stages as clients see them: `transcribe` stands for `plan`, `transcribe` and `assemble`."""


def _whole(_event: Event) -> str:
    return ""


def _per_part(event: Event) -> str:
    return event.part


@dataclass(frozen=True)
class Position:
    """A stage's place in the line."""

    stage: str
    service: str
    consumes: type[Event]
    part: Callable[[Event], str] = _whole

    def unit(self, event: Event) -> Unit:
        """The unit of this stage that an event asks for."""
        return Unit(run_id=event.run_id, stage=self.stage, part=self.part(event))


MEETING_LINE = (
    Position("normalize", "normalizer", MeetingAccepted),
    Position("diarize", "diarizer", AudioNormalized),
    Position("match", "diarizer", SpeechDiarized),
    Position("plan", "transcriber", SpeakersMatched),
    Position("transcribe", "transcriber", ChunkPlanned, _per_part),
    Position("assemble", "transcriber", ChunkTranscribed),
    Position("summarize", "summarizer", MinutesPlanned, _per_part),
)
"""From an accepted meeting to its minutes."""

SAMPLE_LINE = (
    Position("normalize_sample", "normalizer", SampleAccepted),
    Position("enroll", "diarizer", SampleNormalized),
)
"""From an accepted enrolment clip to its voiceprint."""

LINE = (*MEETING_LINE, *SAMPLE_LINE)
CONSUMERS = {position.consumes.stream: position for position in LINE}
"""Stream → the stage that consumes it; a stream without one is read by the projection only."""
