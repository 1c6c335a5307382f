"""`python -m chaos.services.diarizer`: the real stages, with an engine that hears voices as the recording says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chaos.services.work import INFO, Obedience, WorkSettings, hear
from chaos.speech import spoken_turns
from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.service import Resources, run_service
from libs.common.speech import EmbeddingModel, SpeakerBounds
from libs.common.stage import Stage
from services.diarizer.engines import DiarizedSpeech, Diarizer, SampleVoice
from services.diarizer.galleries import StoredGalleries
from services.diarizer.matching import MatchRules
from services.diarizer.settings import DiarizerSettings
from services.diarizer.stages import diarize_stage, enroll_stage, match_stage

_MODEL = EmbeddingModel(name="chaos", revision="1", dimension=64)
_SPEECH_SECONDS = 8.0


class Settings(WorkSettings, DiarizerSettings):
    """Read once, in `__main__`."""


class ObedientDiarizer:
    """A `Diarizer`; random vectors of this dimension are far from each other."""

    def __init__(self, obedience: Obedience) -> None:
        self._obedience = obedience

    @property
    def info(self) -> EngineInfo:
        return INFO

    @property
    def embedding_model(self) -> EmbeddingModel:
        return _MODEL

    def diarize(self, audio: Path, bounds: SpeakerBounds) -> DiarizedSpeech:
        instruction = hear(audio)
        self._obedience.obey(instruction, "diarize")
        turns, voices = spoken_turns(instruction)
        return DiarizedSpeech(
            turns=turns, model=_MODEL, embeddings={label: _embedding(voice) for label, voice in voices.items()}
        )

    def embed(self, audio: Path) -> SampleVoice:
        instruction = hear(audio)
        self._obedience.obey(instruction, "enroll")
        return SampleVoice(
            embedding=_embedding(instruction.voices[0]),
            speech_seconds=_SPEECH_SECONDS,
            other_voice_seconds=0.0,
            model=_MODEL,
        )


def _embedding(voice: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(voice).standard_normal(_MODEL.dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


@asynccontextmanager
async def _stages(settings: Settings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    store = resources.store
    rules = MatchRules(threshold=settings.match_threshold, margin=settings.match_margin)
    galleries = StoredGalleries(store, resources.cache)
    load = partial(ObedientDiarizer, Obedience.of(settings))
    meetings: ChildEngine[Diarizer] = ChildEngine(load, processes=settings.diarizer_slots, limits=settings.limits)
    clips: ChildEngine[Diarizer] = ChildEngine(load, processes=settings.enroll_slots, limits=settings.limits)
    try:
        info = await meetings.start()
        await clips.start()
        yield (
            diarize_stage(store, meetings, info=info, slots=settings.diarizer_slots),
            match_stage(store, galleries, rules=rules, slots=settings.match_slots),
            enroll_stage(store, clips, info=info, slots=settings.enroll_slots),
        )
    finally:
        await meetings.close()
        await clips.close()


if __name__ == "__main__":
    run_service("diarizer", Settings, _stages)
