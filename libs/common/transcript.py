"""Words, utterances and the transcript they make up."""

from typing import Literal

from libs.common.speech import Frozen, Segment, Turn, Word


class ChunkWords(Frozen):
    """The artifact `words.json` of one chunk; times count from the start of the meeting."""

    version: Literal[1] = 1
    index: int
    segment: Segment
    language: str | None
    words: tuple[Word, ...]


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
