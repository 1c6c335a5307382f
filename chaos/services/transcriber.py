"""`python -m chaos.services.transcriber`: the real stages, with an engine that hears words as the recording says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from chaos.services.work import INFO, Obedience, WorkSettings, hear
from chaos.speech import spoken_words
from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.service import Resources, run_service
from libs.common.speech import Segment
from libs.common.stage import Stage
from services.transcriber.engines import Abilities, Chunk, Recognized, SpokenLanguage, Transcriber
from services.transcriber.planning import ChunkRules
from services.transcriber.settings import TranscriberSettings
from services.transcriber.stages import assemble_stage, plan_stage, transcribe_stage


class Settings(WorkSettings, TranscriberSettings):
    """Read once, in `__main__`."""

    chunk_target: float = Field(default=0.9, gt=0)
    """Each turn of a test recording is a chunk."""

    chunk_maximum: float = Field(default=2.0, gt=0)


class ObedientTranscriber:
    """A `Transcriber`."""

    def __init__(self, obedience: Obedience) -> None:
        self._obedience = obedience

    @property
    def info(self) -> EngineInfo:
        return INFO

    def abilities(self) -> Abilities:
        return Abilities(languages=frozenset({"en"}), has_vocabulary=True)

    def detect_language(self, audio: Path, passages: tuple[Segment, ...]) -> SpokenLanguage:
        return SpokenLanguage(language="en", probability=1.0)

    def transcribe(self, audio: Path, chunk: Chunk) -> Recognized:
        instruction = hear(audio)
        is_first_only = instruction.place == "chunk" and chunk.segment.start == 0
        self._obedience.obey(instruction, "chunk" if is_first_only else "transcribe")
        return Recognized(words=spoken_words(instruction, chunk.segment), language="en")


@asynccontextmanager
async def _stages(settings: Settings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    store, slots = resources.store, settings.transcriber_slots
    rules = ChunkRules(target=settings.chunk_target, maximum=settings.chunk_maximum)
    load = partial(ObedientTranscriber, Obedience.of(settings))
    engine: ChildEngine[Transcriber] = ChildEngine(load, processes=slots, limits=settings.limits)
    try:
        info = await engine.start()
        abilities = await engine.ask(Transcriber.abilities)
        yield (
            plan_stage(store, abilities, rules=rules),
            transcribe_stage(store, engine, abilities, info=info, slots=slots),
            assemble_stage(store),
        )
    finally:
        await engine.close()


if __name__ == "__main__":
    run_service("transcriber", Settings, _stages)
