"""The engine itself: recordings in, turns and voices out."""

import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Self

import torch
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput

from libs.common.audio import SAMPLE_RATE_HZ, audio_duration, read_segment
from libs.common.engine import EngineInfo
from libs.common.errors import EngineUnavailable
from libs.common.machine import usable_cores
from libs.common.progress import report
from libs.common.speech import EmbeddingModel, Segment, SpeakerBounds, speech_duration
from services.diarizer.engines import DiarizedSpeech, SampleVoice
from services.diarizer.engines.pyannote.files import PipelineFiles, find_pipeline
from services.diarizer.engines.pyannote.hub import Hub
from services.diarizer.engines.pyannote.labels import to_speech
from services.diarizer.engines.pyannote.memory import MemoryLimit
from services.diarizer.engines.pyannote.pipeline import choose_device, load_pipeline
from services.diarizer.engines.pyannote.pooled import PooledDiarization
from services.diarizer.settings import DiarizerSettings

_STEPS = {"segmentation": (0.0, 0.2), "speaker_counting": (0.2, 0.2), "embeddings": (0.2, 0.9)}
"""Where each step of the pipeline begins and ends, for the progress; the rest is clustering."""


class PyannoteDiarizer:
    """Implements `Diarizer`."""

    def __init__(self, pipeline: PooledDiarization, files: PipelineFiles, memory: MemoryLimit) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self._is_on_gpu = pipeline.device.type == "cuda"
        self.embedding_model = EmbeddingModel(
            name=files.embedding.name, revision=files.embedding.revision, dimension=pipeline._embedding.dimension
        )
        self.info = EngineInfo(
            name="pyannote",
            models={
                "pipeline": files.pipeline.id,
                "segmentation": files.segmentation.id,
                "embedding": self.embedding_model.id,
                "device": str(pipeline.device),
            },
        )

    @classmethod
    def load(cls, settings: DiarizerSettings) -> Self:
        """The engine that the settings describe.

        Raises:
            EngineUnavailable: The hub does not give a file at the moment.
            InvalidSettings: It cannot be loaded; the text says why, and what to do.
        """
        device = choose_device(settings.pyannote_device)
        torch.set_num_threads(settings.pyannote_threads or max(1, usable_cores() // settings.diarizer_slots))
        token = settings.huggingface_token.get_secret_value() if settings.huggingface_token else None
        files = find_pipeline(settings.pyannote_pipeline, settings.pyannote_revision, Hub(token))
        with _quiet():
            pipeline = load_pipeline(files, settings, device)
        return cls(pipeline, files, MemoryLimit.of(settings))

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        """All turns.

        Raises:
            RecordingTooLong: It would need more memory than there is.
            EngineUnavailable: torch failed.
        """
        duration = audio_duration(audio)
        self._memory.check(duration, bounds)
        return to_speech(self._apply(audio, duration, bounds), self.embedding_model, duration=duration)

    def embed(self, audio: Path) -> SampleVoice:
        """The voice that talks most in a clip, found as in a meeting."""
        speech = self.diarize(audio, SpeakerBounds())
        seconds = defaultdict[str, float](float)
        for turn in speech.turns:
            seconds[turn.label] += turn.duration
        main = max(seconds, key=seconds.__getitem__, default=None)
        return SampleVoice(
            embedding=speech.embeddings.get(main) if main else None,
            speech_seconds=speech_duration(speech.turns),
            other_voice_seconds=speech_duration(turn for turn in speech.turns if turn.label != main),
            model=self.embedding_model,
        )

    def _apply(self, audio: Path, duration: float, bounds: SpeakerBounds) -> DiarizeOutput:
        samples = read_segment(audio, Segment(start=0, end=duration))
        file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE_HZ, "uri": "recording"}
        try:
            with _quiet():
                return self._pipeline(file, **bounds.model_dump(), hook=_tell)
        except (RuntimeError, MemoryError) as error:  # the second is what pyannote makes of a GPU that is full
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> BaseException:
        """What torch's failure means; a GPU that has failed once may fail until its process ends."""
        text = next(iter(str(error).splitlines()), type(error).__name__)
        if self._is_on_gpu:
            return SystemExit(f"torch failed on the GPU: {text}")
        return EngineUnavailable(f"torch failed: {text}")


def _tell(
    step: str, _artefact: object, *, file: object = None, completed: int | None = None, total: int | None = None
) -> None:
    """Progress; pyannote counts the last, incomplete batch as a whole one."""
    start, end = _STEPS.get(step, (0.95, 0.95))
    report(start + (end - start) * min(1.0, completed / total) if completed is not None and total else end)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what pyannote prints and warns for people at a terminal; standard output is for the log."""
    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield
