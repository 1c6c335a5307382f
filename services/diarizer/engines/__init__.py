"""What every diarization engine does, and the choice of one by name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from libs.common.engine import EngineInfo
from libs.common.speech import EmbeddingModel, SpeakerBounds, Turn
from services.diarizer.settings import DiarizerSettings


@dataclass(frozen=True)
class DiarizedSpeech:
    """Who talks when in one recording, by label."""

    turns: tuple[Turn, ...]
    """By start; labels are numbered by first appearance."""

    model: EmbeddingModel

    embeddings: dict[str, NDArray[np.float32]]
    """Label → speaker embedding, L2-normalized, shape (dimension,); none for labels with too little clean speech."""

    exclusive_turns: tuple[Turn, ...] = ()
    """The same speech with one voice at a time, by start; empty where the engine decides no overlaps."""


@dataclass(frozen=True)
class SampleVoice:
    """The voice of one enrolment clip."""

    embedding: NDArray[np.float32] | None
    """L2-normalized, shape (dimension,); `None` where there is no speech."""

    speech_seconds: float

    other_voice_seconds: float
    """How long anybody else talks."""

    model: EmbeddingModel


class Diarizer(Protocol):
    """Finds voices; runs in a child process."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def embedding_model(self) -> EmbeddingModel: ...

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        """All turns of a normalized recording; no turns where nobody speaks."""

    def embed(self, audio: Path) -> SampleVoice:
        """The voice of a normalized enrolment clip."""


def load_engine(settings: DiarizerSettings) -> Diarizer:
    """Load the engine that the settings name.

    Raises:
        EngineUnavailable: The hub does not give a file at the moment.
        InvalidSettings: Its model or a package that it needs is missing; the text says what to do.
    """
    match settings.diarizer_engine:
        case "embedded":
            from services.diarizer.engines.embedded import EmbeddedDiarizer  # noqa: PLC0415

            return EmbeddedDiarizer()
        case "pyannote":
            from services.diarizer.engines.pyannote import load_pyannote  # noqa: PLC0415

            return load_pyannote(settings)
        case _:
            assert_never(settings.diarizer_engine)
