"""`python -m chaos.services.normalizer`: the real normalizer, whose ffmpeg reads the recording's instruction first."""

import dataclasses
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chaos.services.work import WorkSettings
from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.normalizer.ffmpeg import Ffmpeg, find_ffmpeg
from services.normalizer.settings import NormalizerSettings
from services.normalizer.stages import normalize_sample_stage, normalize_stage

_PROGRAM = Path(__file__).with_name("obedient_ffmpeg.py")


class Settings(WorkSettings, NormalizerSettings):
    """Read once, in `__main__`."""


@asynccontextmanager
async def _stages(settings: Settings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    ffmpeg, slots = _obedient(find_ffmpeg(settings.ffmpeg_path), settings), settings.normalizer_slots
    yield (
        normalize_stage(resources.store, ffmpeg, max_duration=settings.max_duration, slots=slots),
        normalize_sample_stage(resources.store, ffmpeg, max_duration=settings.max_sample_duration, slots=slots),
    )


def _obedient(ffmpeg: Ffmpeg, settings: Settings) -> Ffmpeg:
    os.environ.update(CHAOS_FFMPEG=ffmpeg.program, CHAOS_MARKS=str(settings.chaos_marks))
    return dataclasses.replace(ffmpeg, program=str(_PROGRAM))


if __name__ == "__main__":
    run_service("normalizer", Settings, _stages)
