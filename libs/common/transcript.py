"""Words, utterances and the transcript they make up."""

from typing import Literal

from pydantic import Field

from libs.common.engine import EngineInfo
from libs.common.speech import Frozen, Segment, Turn, Word


class ChunkWords(Frozen):
    """The artifact `words.json` of one chunk; times count from the start of the meeting."""

    version: Literal[1] = 1
    index: int
    segment: Segment
    language: str | None
    words: tuple[Word, ...]


class MeetingLanguage(Frozen):
    """The artifact `language.json` of a run: what its first chunk took for the language, for all of its chunks."""

    version: Literal[1] = 1
    language: str
    """ISO 639-1 code."""

    probability: float = Field(ge=0, le=1)

    passages: tuple[Segment, ...]
    """What was listened to."""

    engine: EngineInfo


def language_key(folder: str) -> str:
    """Object key of the language of a run, put by whichever chunk is first."""
    return f"{folder}/language.json"


class Utterance(Turn):
    """One turn with its words."""

    id: str
    """Stable within one transcript: `u0001`, `u0002`, …"""

    text: str
    words: tuple[Word, ...]


class Gap(Segment):
    """A chunk that could not be transcribed."""

    code: str
    message: str


class Transcript(Frozen):
    """The artifact `transcript.json`: all utterances of a meeting, by start; names are in `speakers.json`."""

    version: Literal[1] = 1
    language: str | None
    utterances: tuple[Utterance, ...]
    gaps: tuple[Gap, ...] = ()
