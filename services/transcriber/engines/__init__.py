"""What every speech recognition engine does, and the choice of one by name."""

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


@dataclass(frozen=True)
class Recognized:
    """What was said in one segment."""

    words: tuple[Word, ...]
    """By start; times count from the start of the recording."""

    language: str | None


class Transcriber(Protocol):
    """Recognizes words; runs in a child process."""

    @property
    def info(self) -> EngineInfo: ...

    def abilities(self) -> Abilities: ...

    def transcribe(
        self, audio: Path, segment: Segment, language: str | None, vocabulary: tuple[str, ...]
    ) -> Recognized:
        """The words of one segment of a normalized recording; `language` is one that it knows, or its own choice."""


def load_engine(settings: TranscriberSettings) -> Transcriber:
    """Load the engine that the settings name.

    Raises:
        InvalidSettings: Its model or a package that it needs is missing; the text says what to do.
    """
    match settings.transcriber_engine:
        case "pocketsphinx":
            from services.transcriber.engines.pocketsphinx import PocketsphinxTranscriber  # noqa: PLC0415

            return PocketsphinxTranscriber()
        case "faster-whisper":
            from services.transcriber.engines.faster_whisper import FasterWhisperTranscriber  # noqa: PLC0415

            return FasterWhisperTranscriber(
                settings.whisper_model, device=settings.whisper_device, compute_type=settings.whisper_compute_type
            )
        case _:
            assert_never(settings.transcriber_engine)
