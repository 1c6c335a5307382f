"""What every speech recognition engine does, and the choice of one by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, assert_never

from libs.common.engine import EngineInfo
from libs.common.speech import Segment, Word
from services.transcriber.settings import TranscriberSettings


@dataclass(frozen=True)
class Abilities:
    """What an engine can be asked for."""

    languages: frozenset[str]
    """ISO 639-1 codes."""

    has_vocabulary: bool
    """Whether it can be told names and terms to expect."""

    caveat: str | None = None
    """What a reader of its words should know about them."""

    @property
    def only_language(self) -> str | None:
        """The language that needs no detection, because there is no other."""
        return next(iter(self.languages)) if len(self.languages) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A stretch of a recording, and what is known about it before its words are."""

    segment: Segment

    speech: tuple[Segment, ...]
    """Where somebody talks within it, by the diarization; may overlap."""

    language: str | None
    """One that the engine knows; `None` only if it knows just one."""

    vocabulary: tuple[str, ...] = ()
    """Names and terms to expect, the most important ones first."""


@dataclass(frozen=True)
class Caveat:
    """What a reader of the words should know about this chunk."""

    code: str
    message: str


@dataclass(frozen=True)
class Recognized:
    """What was said in one chunk."""

    words: tuple[Word, ...]
    """By start; times count from the start of the recording."""

    language: str | None
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class SpokenLanguage:
    """What an engine takes for the language of a recording."""

    language: str
    probability: float


class Transcriber(Protocol):
    """Recognizes words; runs in a child process."""

    @property
    def info(self) -> EngineInfo: ...

    def abilities(self) -> Abilities: ...

    def detect_language(self, audio: Path, passages: tuple[Segment, ...]) -> SpokenLanguage:
        """The language of a normalized recording, by what is said in some passages of up to 30 s."""

    def transcribe(self, audio: Path, chunk: Chunk) -> Recognized:
        """The words of one chunk of a normalized recording."""


def load_engine(settings: TranscriberSettings) -> Transcriber:
    """Load the engine that the settings name, in this process.

    Raises:
        EngineUnavailable: The hub does not give its model at the moment.
        InvalidSettings: Its model or a package that it needs is missing; the text says what to do.
    """
    return prepare_engine(settings)()


def prepare_engine(settings: TranscriberSettings) -> Callable[[], Transcriber]:
    """Bring the model of the engine that the settings name to this machine; the result loads it in any process.

    Raises:
        EngineUnavailable: The hub does not give it at the moment.
        InvalidSettings: It cannot be had, or this machine cannot run it; the text says what to do.
    """
    match settings.transcriber_engine:
        case "pocketsphinx":
            from services.transcriber.engines.pocketsphinx import PocketsphinxTranscriber  # noqa: PLC0415

            return PocketsphinxTranscriber
        case "faster-whisper":
            from services.transcriber.engines.whisper_setup import prepare_whisper  # noqa: PLC0415

            return prepare_whisper(settings)
        case _:
            assert_never(settings.transcriber_engine)
