"""From pyannote's result to ours: turns within the recording, labels numbered by first appearance."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
from pyannote.core import Annotation

from libs.common.speech import EmbeddingModel, Turn, label_name, speech_duration
from services.diarizer.engines import DiarizedSpeech

_MIN_CLEAN_SECONDS = 1.0
"""Of speech by one voice alone, for an embedding of a label."""


def to_speech(output: DiarizeOutput, model: EmbeddingModel, *, duration: float) -> DiarizedSpeech:
    """All three parts of the result under the same labels."""
    turns = _turns(output.speaker_diarization, duration)
    names = {theirs: label_name(index) for index, theirs in enumerate(dict.fromkeys(turn.label for turn in turns))}
    renamed = _renamed(turns, names)
    vectors = dict(zip(output.speaker_diarization.labels(), output.speaker_embeddings, strict=True))
    return DiarizedSpeech(
        turns=renamed,
        model=model,
        embeddings=_embeddings({names[label]: vector for label, vector in vectors.items() if label in names}, renamed),
        exclusive_turns=_renamed(_turns(output.exclusive_speaker_diarization, duration), names),
    )


def speaks_alone(turns: Iterable[Turn], label: str) -> float:
    """Seconds in which this label talks and nobody else does."""
    everybody = list(turns)
    return speech_duration(everybody) - speech_duration(turn for turn in everybody if turn.label != label)


def _turns(annotation: Annotation, duration: float) -> list[Turn]:
    """By start; the last chunk of a recording reaches past its end."""
    found = [
        Turn(start=max(0.0, segment.start), end=min(segment.end, duration), label=label)
        for segment, _, label in annotation.itertracks(yield_label=True)
        if segment.start < duration
    ]
    return sorted(found, key=lambda turn: (turn.start, turn.end))


def _renamed(turns: Iterable[Turn], names: Mapping[str, str]) -> tuple[Turn, ...]:
    return tuple(turn.model_copy(update={"label": names[turn.label]}) for turn in turns)


def _embeddings(vectors: Mapping[str, NDArray[np.floating]], turns: tuple[Turn, ...]) -> dict[str, NDArray[np.float32]]:
    """L2-normalized; pyannote gives NaN or zeros for voices that it could not embed."""
    found = {}
    for label in sorted(vectors):
        norm = float(np.linalg.norm(vectors[label]))
        if np.isfinite(norm) and norm > 0 and speaks_alone(turns, label) >= _MIN_CLEAN_SECONDS:
            found[label] = np.asarray(vectors[label] / norm, np.float32)
    return found
