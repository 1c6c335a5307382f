"""Whisper by faster-whisper (CTranslate2)."""

import importlib.metadata
from pathlib import Path

from faster_whisper import WhisperModel

from libs.common import progress
from libs.common.audio import read_segment
from libs.common.engine import EngineInfo
from libs.common.errors import InvalidSettings
from libs.common.speech import Segment, Word
from services.transcriber.engines import Abilities, Recognized


class FasterWhisperTranscriber:
    """Recognizes the languages that its model knows."""

    def __init__(self, model: str, *, device: str = "auto", compute_type: str = "default") -> None:
        """Load a model from a folder, from the cache, or from the hub.

        Raises:
            InvalidSettings: It is in none of them.
        """
        try:
            self._model = WhisperModel(model, device=device, compute_type=compute_type)
        except (OSError, RuntimeError, ValueError) as error:
            raise InvalidSettings(
                f"the Whisper model {model} cannot be loaded: {error}; set WHISPER_MODEL to a folder that has it, "
                "let this machine reach the hub, or set TRANSCRIBER_ENGINE=pocketsphinx"
            ) from error
        release = importlib.metadata.version("faster-whisper")
        self._info = EngineInfo(
            name="faster-whisper", models={"transcription": f"{Path(model).name}@faster-whisper-{release}"}
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def abilities(self) -> Abilities:
        return Abilities(languages=frozenset(self._model.supported_languages), has_vocabulary=True)

    def transcribe(
        self, audio: Path, segment: Segment, language: str | None, vocabulary: tuple[str, ...]
    ) -> Recognized:
        samples = read_segment(audio, segment)
        if len(samples) == 0:
            return Recognized(words=(), language=language)
        parts, found = self._model.transcribe(
            samples,
            language=language,
            word_timestamps=True,
            condition_on_previous_text=False,
            hotwords=", ".join(vocabulary) or None,
        )
        words: list[Word] = []
        for part in parts:
            words += [_word(one.start, one.end, one.word, one.probability, segment) for one in part.words or ()]
            progress.report(part.end / segment.duration)
        return Recognized(words=tuple(words), language=found.language)


def _word(start: float, end: float, text: str, probability: float, segment: Segment) -> Word:
    """With times of the recording; Whisper's own can lie a little outside of what it was given."""
    begin = min(segment.end, segment.start + max(0.0, start))
    return Word(
        start=round(begin, 3),
        end=round(max(begin, min(segment.end, segment.start + end)), 3),
        text=text.strip(),
        probability=min(1.0, max(0.0, probability)),
    )
