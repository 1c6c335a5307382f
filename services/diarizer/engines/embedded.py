"""The embedded engine: Silero VAD, d-vectors over short windows, average linkage. No account, no download, no torch."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from libs.common.audio import audio_duration, read_blocks
from libs.common.engine import EngineInfo
from libs.common.progress import report
from libs.common.speech import EmbeddingModel, Segment, SpeakerBounds, label_name, speech_duration
from services.diarizer.clustering import cluster_embeddings
from services.diarizer.engines import DiarizedSpeech, SampleVoice
from services.diarizer.speech_detection import SpeechDetector, speech_segments
from services.diarizer.turns import clean_windows, to_turns
from services.diarizer.voice_encoder import VoiceEncoder
from services.diarizer.windows import Window, embed_windows, plan_windows

_BLOCK_SECONDS = 60.0
_DETECTION_SHARE = 0.2
"""Of the whole work, for the progress."""

_MIN_CLEAN_SECONDS = 1.0
"""Of speech by one voice alone, for an embedding of a label."""

Array = NDArray[np.float32]
Labels = NDArray[np.intp]


class EmbeddedDiarizer:
    """Implements `Diarizer`."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._encoder = VoiceEncoder()
        self.embedding_model: EmbeddingModel = self._encoder.model
        self.info = EngineInfo(
            name="embedded",
            models={
                "speech_detection": f"silero-vad@faster-whisper-{version('faster-whisper')}",
                "embedding": self._encoder.model.id,
            },
        )

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        """All turns; memory grows with the speech only by one embedding per 0.4 s."""
        windows = plan_windows(self._find_speech(audio))
        if not windows:
            return DiarizedSpeech(turns=(), model=self.embedding_model, embeddings={})
        embeddings = self._embed(audio, windows)
        labels = cluster_embeddings(embeddings, _seconds(windows), bounds)
        return DiarizedSpeech(
            turns=tuple(to_turns(windows, labels)),
            model=self.embedding_model,
            embeddings=_label_embeddings(windows, embeddings, labels),
        )

    def embed(self, audio: Path) -> SampleVoice:
        """The voice that talks most in a clip."""
        speech = self._find_speech(audio)
        if not speech:
            return SampleVoice(embedding=None, speech_seconds=0.0, other_voice_seconds=0.0, model=self.embedding_model)
        windows = plan_windows(speech)
        embeddings = self._embed(audio, windows)
        labels = cluster_embeddings(embeddings, _seconds(windows), SpeakerBounds())
        is_main = labels == np.bincount(labels).argmax()
        return SampleVoice(
            embedding=_unit_mean(embeddings[is_main]),
            speech_seconds=speech_duration(speech),
            other_voice_seconds=float(_seconds(windows)[~is_main].sum()),
            model=self.embedding_model,
        )

    def _find_speech(self, audio: Path) -> list[Segment]:
        duration = audio_duration(audio)
        probabilities = self._detector.probabilities(_reported_blocks(audio, duration))
        return speech_segments(probabilities, duration=duration)

    def _embed(self, audio: Path, windows: Sequence[Segment]) -> Array:
        def tell(fraction: float) -> None:
            report(_DETECTION_SHARE + (1 - _DETECTION_SHARE) * fraction)

        return embed_windows(audio, windows, self._encoder, tell)


def _reported_blocks(audio: Path, duration: float) -> Iterator[Array]:
    for block in read_blocks(audio, block_seconds=_BLOCK_SECONDS):
        yield block.samples
        report(_DETECTION_SHARE * (block.start + block.duration) / duration)


def _label_embeddings(windows: Sequence[Segment], embeddings: Array, labels: Labels) -> dict[str, Array]:
    """Mean of each label's clean windows."""
    is_clean = clean_windows(windows, labels)
    found = {}
    for label in np.unique(labels):
        own = np.flatnonzero(is_clean & (labels == label))
        if speech_duration(windows[int(index)] for index in own) >= _MIN_CLEAN_SECONDS:
            found[label_name(int(label))] = _unit_mean(embeddings[own])
    return found


def _seconds(windows: Sequence[Window]) -> NDArray[np.float64]:
    return np.array([window.speech_seconds for window in windows])


def _unit_mean(embeddings: Array) -> Array:
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
