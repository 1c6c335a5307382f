"""Decoding by faster-whisper: many windows together and fast, or one passage alone and with care."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.transcribe import Segment as Part
from numpy.typing import NDArray

from libs.common import progress
from libs.common.audio import SAMPLE_RATE_HZ
from libs.common.speech import Segment, Word
from services.transcriber.engines.word_times import slow_duration, unstacked

_FRAMES_PER_SECOND = 100
_MOST_TOKENS = 216
"""Of one window. CTranslate2 stops at 224, or a few earlier with a long prompt, in the middle of a sentence or not."""

_COMPRESSION_RATIO = 2.4
_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6
_LOG_PROBABILITY_OF_SCEPTICS = -0.8
"""The thresholds of OpenAI's own decoding. Beyond them, a text is repetitive, unlikely, or of silence; the last is
our own."""

_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_SECONDS_PER_PASS = 2.0
"""Alone, decoding goes on behind the last word that it found: so far on average, or it has lost the thread."""


@dataclass(frozen=True)
class Heard:
    """What decoding says of one window."""

    window: Segment
    words: tuple[Word, ...]
    is_trustworthy: bool


@dataclass(frozen=True)
class Decoding:
    """How all windows of one chunk are decoded. Times count from the first of the samples."""

    model: WhisperModel
    language: str
    hotwords: str | None
    beam_size: int
    batch_size: int

    def together(self, samples: NDArray[np.float32], windows: Sequence[Segment]) -> Iterator[Heard]:
        """Windows of up to 30 s in batches, each decoded once; yields them in order."""
        if not windows:  # faster-whisper would look for speech itself
            return
        # A pipeline carries the last word's time over to the next call, if one is broken off.
        parts, _ = BatchedInferencePipeline(self.model).transcribe(
            samples,
            language=self.language,
            clip_timestamps=[{"start": one.start, "end": one.end} for one in windows],
            batch_size=self.batch_size,
            beam_size=self.beam_size,
            word_timestamps=True,
            without_timestamps=True,
            hotwords=self.hotwords,
        )
        remaining = iter(_timely(parts))
        part = next(remaining, None)
        for window, following in zip(windows, [*windows[1:], None], strict=True):
            own = []
            while part is not None and (following is None or part.seek < _first_frame(following)):
                own.append(part)
                part = next(remaining, None)
            yield Heard(
                window=window,
                words=tuple(word for one in own for word in _words(one, window)),
                is_trustworthy=all(map(_is_trustworthy, own)),
            )

    def alone(self, samples: NDArray[np.float32], *, is_sceptical: bool = False) -> list[Word]:
        """One passage of any length as OpenAI decodes it: again at higher temperatures where a text is implausible.

        A sceptic takes no text that stays implausible: in a short passage without words Whisper likes to make some up.
        """
        parts, _ = self.model.transcribe(
            samples,
            language=self.language,
            beam_size=self.beam_size,
            temperature=_TEMPERATURES,
            compression_ratio_threshold=_COMPRESSION_RATIO,
            log_prob_threshold=_LOG_PROBABILITY,
            no_speech_threshold=_NO_SPEECH,
            condition_on_previous_text=False,
            word_timestamps=True,
            hotwords=self.hotwords,
        )
        whole = Segment(start=0, end=len(samples) / SAMPLE_RATE_HZ)
        words: list[Word] = []
        passes: set[int] = set()
        for part in _timely(parts):
            passes.add(part.seek)
            if len(passes) > 2 + whole.duration / _SECONDS_PER_PASS:
                break
            if not is_sceptical or _convinces(part):
                words += _words(part, whole)
        return words


def _timely(parts: Iterable[Part]) -> Iterator[Part]:
    """The same, with a sign of life after each."""
    for part in parts:
        progress.report(0.0)  # only a sign of life: how much is done, the caller says
        yield part


def _is_trustworthy(part: Part) -> bool:
    """Whether it needs no second look; also silence does, because somebody talks there."""
    return (
        part.avg_logprob >= _LOG_PROBABILITY
        and part.compression_ratio <= _COMPRESSION_RATIO
        and len(part.tokens) < _MOST_TOKENS
    )


def _convinces(part: Part) -> bool:
    """Whether it can be believed of a passage in which nothing was heard before."""
    return (
        _is_trustworthy(part) and part.avg_logprob >= _LOG_PROBABILITY_OF_SCEPTICS and part.no_speech_prob <= _NO_SPEECH
    )


def _words(part: Part, window: Segment) -> list[Word]:
    """The words of a part, all of them within the window."""
    found = []
    for one in part.words or ():
        text = one.word.strip()
        # Times may lie in the silence that fills a window up; and a word lasts until the next one begins, also over a
        # sentence that was left out.
        start = min(max(window.start, float(one.start)), window.end)
        end = max(start, min(float(one.end), start + slow_duration(text), window.end))
        if text:
            probability = min(1.0, max(0.0, float(one.probability)))
            found.append(Word(start=start, end=end, text=text, probability=probability))
    return unstacked(found, window)


def _first_frame(window: Segment) -> int:
    """As `Segment.seek` of faster-whisper gives it, which rounds down twice."""
    return int(int(window.start * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ * _FRAMES_PER_SECOND)
