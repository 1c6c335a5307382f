"""PocketSphinx with the English model of its wheel: a first run without any account, not a product.

Each piece between two pauses is decoded as one utterance, with the cepstral mean of the whole piece: words come out far
better than with a mean that adapts while a long chunk is decoded.
"""

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from libs.common import progress
from libs.common.audio import SAMPLE_RATE_HZ, read_segment
from libs.common.engine import EngineInfo
from libs.common.speech import Segment, Word
from services.transcriber.engines import Abilities, Chunk, Recognized, SpokenLanguage
from services.transcriber.pauses import speech_pieces

_CAVEAT = (
    "Words were recognized by pocketsphinx, which is meant for a first run: on real voices many of them are wrong."
)
_FRAMES_PER_SECOND = 100
_MIN_FRAMES = 10
_PRONUNCIATION = re.compile(r"\(\d+\)$")
_FILLER = re.compile(r"^(?:<.*>|\[.*\]|\+\+.*\+\+)$")


class PocketsphinxTranscriber:
    """Recognizes English; about a third of real time on one core."""

    def __init__(self) -> None:
        self._decoder = Decoder(samprate=SAMPLE_RATE_HZ, frate=_FRAMES_PER_SECOND, cmn="batch", loglevel="FATAL")
        release = importlib.metadata.version("pocketsphinx")
        self._info = EngineInfo(name="pocketsphinx", models={"transcription": f"en-us@pocketsphinx-{release}"})

    @property
    def info(self) -> EngineInfo:
        return self._info

    def abilities(self) -> Abilities:
        return Abilities(languages=frozenset({"en"}), has_vocabulary=False, caveat=_CAVEAT)

    def detect_language(self, audio: Path, passages: tuple[Segment, ...]) -> SpokenLanguage:
        return SpokenLanguage(language="en", probability=1.0)

    def transcribe(self, audio: Path, chunk: Chunk) -> Recognized:
        """The words of one chunk; its language is always English, and its vocabulary cannot be used."""
        segment = chunk.segment
        samples = read_segment(audio, segment)
        words: list[Word] = []
        for start, end in speech_pieces(samples):
            words += self._words(samples[start:end], segment.start + start / SAMPLE_RATE_HZ)
            progress.report(end / len(samples))
        return Recognized(words=tuple(words), language="en")

    def _words(self, samples: NDArray[np.float32], offset: float) -> Iterator[Word]:
        if len(samples) < _MIN_FRAMES * SAMPLE_RATE_HZ // _FRAMES_PER_SECOND:
            return
        # The front end carries its state from one utterance to the next: a replay would give other times.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw((np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16).tobytes(), full_utt=True)
        self._decoder.end_utt()
        end = offset + len(samples) / SAMPLE_RATE_HZ
        for found in self._decoder.seg() or ():
            if _FILLER.match(found.word):
                continue
            yield Word(
                start=round(offset + found.start_frame / _FRAMES_PER_SECOND, 3),
                end=round(min(end, offset + (found.end_frame + 1) / _FRAMES_PER_SECOND), 3),
                text=_PRONUNCIATION.sub("", found.word),
                # Posterior of the word in its lattice; rounding in log space can carry it past 1.
                probability=min(1.0, max(0.0, float(found.prob))),
            )
