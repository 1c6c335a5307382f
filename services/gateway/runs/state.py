"""The status of a run, as a function of the set of its facts: streams are not ordered among each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from libs.common.events import (
    Event,
    MeetingAccepted,
    MinutesWritten,
    SampleAccepted,
    StageFailed,
    TranscriptAssembled,
    VoiceEmbedded,
)

RunStatus = Literal["accepted", "processing", "completed", "failed", "cancelled"]

_NOT_FATAL = frozenset({"transcribe", "summarize"})
"""A chunk that failed is a gap; minutes that failed are a warning: the transcript stays readable."""


@dataclass(frozen=True)
class RunState:
    """What became of a run so far."""

    status: RunStatus
    failure: StageFailed | None = None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in {"completed", "failed", "cancelled"}


def state_of(events: Sequence[Event]) -> RunState:
    """The state that follows from the facts that are not about single chunks, in any order."""
    failures = [event for event in events if isinstance(event, StageFailed)]
    fatal = next((one for one in failures if one.stage not in _NOT_FATAL), None)
    if fatal is not None:
        return RunState("failed", fatal)
    if any(isinstance(event, VoiceEmbedded) for event in events) or _has_all_minutes(events, failures):
        return RunState("completed")
    is_begun = any(not isinstance(event, MeetingAccepted | SampleAccepted) for event in events)
    return RunState("processing" if is_begun else "accepted")


def _has_all_minutes(events: Sequence[Event], failures: Sequence[StageFailed]) -> bool:
    transcript = next((event for event in events if isinstance(event, TranscriptAssembled)), None)
    if transcript is None:
        return False
    ended = {event.persona for event in events if isinstance(event, MinutesWritten)}
    ended |= {one.unit_part for one in failures if one.stage == "summarize"}
    return ended >= set(transcript.personas)
