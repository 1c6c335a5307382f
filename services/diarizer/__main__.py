"""`python -m services.diarizer`: who talks when, and which of the voices are enrolled speakers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from libs.common.engine_process import ChildEngine, ChildLimits
from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.diarizer.engines import Diarizer, load_engine
from services.diarizer.galleries import StoredGalleries
from services.diarizer.matching import MatchRules
from services.diarizer.settings import DiarizerSettings
from services.diarizer.stages import diarize_stage, enroll_stage, match_stage


@asynccontextmanager
async def _stages(settings: DiarizerSettings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    store = resources.store
    rules = MatchRules(threshold=settings.match_threshold, margin=settings.match_margin)
    galleries = StoredGalleries(store, resources.cache)
    async with (
        _engine(settings, settings.diarizer_slots) as meetings,
        _engine(settings, settings.enroll_slots) as clips,
    ):
        info = await meetings.start()
        await clips.start()
        yield (
            diarize_stage(store, meetings, info=info, slots=settings.diarizer_slots),
            match_stage(store, galleries, rules=rules, slots=settings.match_slots),
            enroll_stage(store, clips, info=info, slots=settings.enroll_slots),
        )


@asynccontextmanager
async def _engine(settings: DiarizerSettings, processes: int) -> AsyncIterator[ChildEngine[Diarizer]]:
    memory_bytes = settings.engine_memory_mb * 2**20 if settings.engine_memory_mb else None
    limits = ChildLimits(stall=settings.stall_limit, memory_bytes=memory_bytes)
    engine: ChildEngine[Diarizer] = ChildEngine(partial(load_engine, settings), processes=processes, limits=limits)
    try:
        yield engine
    finally:
        await engine.close()


if __name__ == "__main__":
    run_service("diarizer", DiarizerSettings, _stages)
