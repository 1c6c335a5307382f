"""How well a converted model does on the sample meetings, through the real faster-whisper."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from numpy.typing import NDArray

from evaluation.recordings import read_stm
from libs.common.audio import SAMPLE_RATE_HZ, read_segment
from libs.common.scoring.words import WordErrors, align_words, count_errors
from libs.common.speech import Segment
from libs.common.transcript import Utterance


@dataclass(frozen=True)
class Chunk:
    """A stretch of a meeting between two pauses and what is said in it."""

    samples: NDArray[np.float32]
    text: str


@dataclass(frozen=True)
class Trial:
    """Word error rates of one model."""

    with_times: WordErrors
    """Chunk by chunk, `WhisperModel`."""

    without_times: WordErrors
    """Chunk by chunk, `BatchedInferencePipeline`."""

    @classmethod
    def read(cls, path: Path) -> "Trial":
        """What `write` has written."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: WordErrors.model_validate(errors) for name, errors in kept.items()})

    def write(self, path: Path) -> None:
        """Keep the counts."""
        counts = {name: getattr(self, name).model_dump() for name in ("with_times", "without_times")}
        path.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")

    @property
    def rate(self) -> float:
        """Of both together."""
        return (self.with_times + self.without_times).rate or 0.0

    def __str__(self) -> str:
        return f"WER {self.with_times.rate:.1%} with times, {self.without_times.rate:.1%} without"


def words_of(text: str) -> list[str]:
    """Lower case, no marks."""
    return re.sub(r"[^\w' ]", " ", text.lower()).split()


def sample_chunks(folder: Path, *, most_seconds: float) -> list[Chunk]:
    """A sample meeting, cut in pauses between its utterances."""
    utterances = list(read_stm((folder / f"{folder.name}.stm").read_text(encoding="utf-8")))
    chunks = []
    start = 0.0
    while utterances:
        taken = [utterances.pop(0)]
        while utterances and (utterances[0].start < taken[-1].end or utterances[0].end - start < most_seconds - 0.5):
            taken.append(utterances.pop(0))
        reached = max(one.end for one in taken)
        end = (reached + utterances[0].start) / 2 if utterances else reached + 0.5
        chunks.append(_chunk(folder / f"{folder.name}.flac", start, end, taken))
        start = end
    return chunks


def _chunk(audio: Path, start: float, end: float, utterances: list[Utterance]) -> Chunk:
    return Chunk(read_segment(audio, Segment(start=start, end=end)), " ".join(one.text for one in utterances))


def trial(model_folder: Path, chunks: list[Chunk]) -> Trial:
    """Let the model transcribe the chunks."""
    model = WhisperModel(str(model_folder), device="cpu", compute_type="int8", cpu_threads=1)
    batched = BatchedInferencePipeline(model)
    with_times = without_times = WordErrors()
    for chunk in chunks:
        parts, _ = model.transcribe(
            chunk.samples, language="en", beam_size=1, condition_on_previous_text=False, temperature=0
        )
        with_times += _errors(chunk, " ".join(part.text for part in parts))
        whole = [{"start": 0.0, "end": len(chunk.samples) / SAMPLE_RATE_HZ}]
        parts, _ = batched.transcribe(
            chunk.samples, language="en", beam_size=1, vad_filter=False, clip_timestamps=whole, temperature=0
        )
        without_times += _errors(chunk, " ".join(part.text for part in parts))
    return Trial(with_times, without_times)


def _errors(chunk: Chunk, text: str) -> WordErrors:
    return count_errors(align_words(words_of(chunk.text), words_of(text)))
