"""`python -m services.transcriber`: chunks, their words, and the transcript that they make up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from libs.common.child_process import ChildLimits
from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.transcriber.doctor import checks
from services.transcriber.engines import Transcriber, prepare_engine
from services.transcriber.planning import ChunkRules
from services.transcriber.settings import TranscriberSettings
from services.transcriber.stages import assemble_stage, plan_stage, transcribe_stage


@asynccontextmanager
async def _stages(settings: TranscriberSettings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    store, slots = resources.store, settings.transcriber_slots
    memory_bytes = settings.engine_memory_mb * 2**20 if settings.engine_memory_mb else None
    limits = ChildLimits(stall=settings.stall_limit, memory_bytes=memory_bytes)
    rules = ChunkRules(target=settings.chunk_target, maximum=settings.chunk_maximum)
    load = await asyncio.to_thread(prepare_engine, settings)
    async with resources.engine(load, processes=slots, limits=limits) as engine:
        info = await engine.start()
        abilities = await engine.ask(Transcriber.abilities)
        yield (
            plan_stage(store, abilities, rules=rules),
            transcribe_stage(store, engine, abilities, info=info, slots=slots),
            assemble_stage(store),
        )


if __name__ == "__main__":
    run_service("transcriber", TranscriberSettings, _stages, checks)
