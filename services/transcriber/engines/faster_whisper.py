"""Whisper by faster-whisper (CTranslate2)."""

from collections.abc import Sequence
from pathlib import Path

import ctranslate2

from libs.common import progress
from libs.common.audio import read_segment
from libs.common.engine import EngineInfo
from libs.common.errors import EngineUnavailable
from libs.common.speech import Segment, Word
from services.transcriber.engines import Abilities, Caveat, Chunk, Recognized, SpokenLanguage
from services.transcriber.engines.hotwords import distinct_terms, fitting_terms, joined
from services.transcriber.engines.whisper_decoding import Decoding
from services.transcriber.engines.whisper_files import ModelFiles
from services.transcriber.engines.whisper_hardware import Hardware
from services.transcriber.engines.whisper_loading import load_model
from services.transcriber.engines.whisper_passes import Found, moved, recognize
from services.transcriber.unheard import listed


class FasterWhisperTranscriber:
    """Recognizes the languages that its model knows."""

    def __init__(self, files: ModelFiles, hardware: Hardware, *, batch_size: int = 8, beam_size: int = 5) -> None:
        """Load a model.

        Raises:
            InvalidSettings: It is damaged, no Whisper model, or this machine cannot run it.
        """
        ctranslate2.set_random_seed(1)  # higher temperatures would give other words at each start
        self._model = load_model(files, hardware)
        self._batch_size = batch_size
        self._beam_size = beam_size
        self._is_on_gpu = hardware.device == "cuda"
        description = f"{files.name}@{files.revision} {self._model.model.compute_type}"
        self._info = EngineInfo(name="faster-whisper", models={"transcription": description})

    @property
    def info(self) -> EngineInfo:
        return self._info

    def abilities(self) -> Abilities:
        return Abilities(languages=frozenset(self._model.supported_languages), has_vocabulary=True)

    def detect_language(self, audio: Path, passages: tuple[Segment, ...]) -> SpokenLanguage:
        """The language with the highest mean probability, longer passages counting more."""
        totals: dict[str, float] = {}
        for passage in passages:
            for language, probability in self._language_probabilities(audio, passage):
                totals[language] = totals.get(language, 0.0) + probability * passage.duration
            progress.report(0.0)  # only a sign of life: the words of the chunk are still to come
        best = max(totals, key=lambda language: totals[language])
        share = totals[best] / sum(passage.duration for passage in passages)
        return SpokenLanguage(language=best, probability=min(1.0, share))

    def transcribe(self, audio: Path, chunk: Chunk) -> Recognized:
        """The words of one chunk: of its speech, and of nothing beside that."""
        language = chunk.language or "en"  # it is only left out where the model knows no other
        terms = distinct_terms(chunk.vocabulary)
        fitting = fitting_terms(terms, self._count_tokens)
        decoding = Decoding(self._model, language, joined(fitting) or None, self._beam_size, self._batch_size)
        found = self._recognize(decoding, audio, chunk)
        return Recognized(
            words=tuple(_rounded(moved(word, chunk.segment.start)) for word in found.words),
            language=language,
            caveats=(*_left_out(len(terms), len(fitting)), *_repeated(found.loops, chunk.segment.start)),
        )

    def _recognize(self, decoding: Decoding, audio: Path, chunk: Chunk) -> Found:
        start, duration = chunk.segment.start, chunk.segment.duration
        speech = [
            Segment(start=max(0.0, one.start - start), end=min(duration, one.end - start))
            for one in chunk.speech
            if one.overlap(chunk.segment) > 0
        ]
        try:
            return recognize(decoding, read_segment(audio, chunk.segment), speech)
        except RuntimeError as error:
            raise self._failure(error) from error

    def _language_probabilities(self, audio: Path, passage: Segment) -> Sequence[tuple[str, float]]:
        try:
            _, _, probabilities = self._model.detect_language(read_segment(audio, passage))
        except RuntimeError as error:
            raise self._failure(error) from error
        return list(probabilities)

    def _count_tokens(self, text: str) -> int:
        return len(self._model.hf_tokenizer.encode(f" {text}", add_special_tokens=False).ids)

    def _failure(self, error: RuntimeError) -> BaseException:
        """What CTranslate2's failure means; a GPU that has failed once fails until its process ends."""
        if self._is_on_gpu:
            return SystemExit(f"CTranslate2 failed on the GPU: {error}")
        return EngineUnavailable(f"CTranslate2 failed: {error}")


def _left_out(wanted: int, fitting: int) -> list[Caveat]:
    if fitting == wanted:
        return []
    message = f"Of {wanted} names and terms, only the first {fitting} fit into what Whisper can be told."
    return [Caveat("vocabulary_cut", message)]


def _repeated(loops: Sequence[Segment], offset: float) -> list[Caveat]:
    if not loops:
        return []
    times = listed([Segment(start=one.start + offset, end=one.end + offset) for one in loops])
    return [Caveat("repetition_dropped", f"A phrase was recognized over and over, and is written once: {times}.")]


def _rounded(word: Word) -> Word:
    return word.model_copy(update={"start": round(word.start, 3), "end": round(word.end, 3)})
