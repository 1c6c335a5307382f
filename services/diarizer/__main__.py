"""`python -m services.diarizer`: who talks when, and which of the voices are enrolled speakers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from libs.common.child_process import ChildLimits
from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.diarizer.doctor import checks
from services.diarizer.engines import load_engine
from services.diarizer.galleries import StoredGalleries
from services.diarizer.matching import MatchRules
from services.diarizer.settings import DiarizerSettings
from services.diarizer.stages import diarize_stage, enroll_stage, match_stage


@asynccontextmanager
async def _stages(settings: DiarizerSettings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    store = resources.store
    rules = MatchRules(threshold=settings.match_threshold, margin=settings.match_margin)
    galleries = StoredGalleries(store, resources.cache)
    memory_bytes = settings.engine_memory_mb * 2**20 if settings.engine_memory_mb else None
    limits = ChildLimits(stall=settings.stall_limit, memory_bytes=memory_bytes)
    load = partial(load_engine, settings)
    async with (
        resources.engine(load, processes=settings.diarizer_slots, limits=limits) as meetings,
        resources.engine(load, processes=settings.enroll_slots, limits=limits) as clips,
    ):
        info = await meetings.start()
        await clips.start()
        yield (
            diarize_stage(store, meetings, info=info, slots=settings.diarizer_slots),
            match_stage(store, galleries, rules=rules, slots=settings.match_slots),
            enroll_stage(store, clips, info=info, slots=settings.enroll_slots),
        )


if __name__ == "__main__":
    run_service("diarizer", DiarizerSettings, _stages, checks)
