"""What the API answers about the content of a meeting."""

from pydantic import Field

from libs.common.engine import EngineInfo
from libs.common.minutes import Minutes, Usage
from libs.common.outcome import Warned
from libs.common.speakers import Reason
from libs.common.transcript import Gap, Utterance
from services.gateway.schemas.answers import Answer


class ResultSpeaker(Answer):
    """One voice of the meeting."""

    label: str = Field(examples=["SPEAKER_00"])
    speaker_id: str | None
    name: str | None
    """`null` while nobody enrolled has this voice."""

    score: float | None
    """Cosine similarity to the best enrolled speaker, whether or not it was enough for the name."""

    reason: Reason
    """Why the label has a name or not."""

    speech_seconds: float


class NamedUtterance(Utterance):
    """One turn with its words, and the name of who talks."""

    name: str | None


class Results(Answer):
    """Who said what, and the minutes. Times are seconds from the start of the recording."""

    meeting_id: str
    run_id: str
    title: str | None
    filename: str | None = None
    """Of the recording, as the client named it."""

    duration: float
    language: str | None
    speakers: tuple[ResultSpeaker, ...]
    utterances: tuple[NamedUtterance, ...]
    gaps: tuple[Gap, ...]
    """Stretches that could not be transcribed."""

    minutes: dict[str, Minutes]
    """By persona, in the order in which they were asked for."""

    usage: Usage = Usage()
    """What all these minutes took of remote models, also those that were taken over from another run."""

    pending_personas: tuple[str, ...]
    """Whose minutes are still being written."""

    engines: dict[str, EngineInfo]
    """What made these results, by stage."""

    warnings: tuple[Warned, ...]
