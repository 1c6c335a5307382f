"""`python -m services.summarizer`: minutes of a meeting, for each persona that was asked for."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from libs.common.child_process import ChildLimits
from libs.common.personas import load_personas
from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.summarizer.answers import Answers
from services.summarizer.doctor import checks
from services.summarizer.engines import load_engine
from services.summarizer.settings import SummarizerSettings
from services.summarizer.stages import summarize_stage

_SPARE = 60.0
"""Seconds by which a child outlasts the silence of its server, so that the server is blamed."""


@asynccontextmanager
async def _stages(settings: SummarizerSettings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    personas = load_personas(settings.personas_dir)
    answers = Answers(resources.store, resources.cache, lifetime=settings.answer_lifetime)
    slots = settings.summarizer_processes
    limits = ChildLimits(stall=max(ChildLimits.stall, settings.openai_timeout + _SPARE))
    async with resources.engine(partial(load_engine, settings), processes=slots, limits=limits) as engine:
        info = await engine.start()
        yield (
            summarize_stage(resources.store, engine, info, answers, personas, slots=slots, registry=resources.registry),
        )


if __name__ == "__main__":
    run_service("summarizer", SummarizerSettings, _stages, checks)
