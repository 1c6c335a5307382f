"""`python -m services.normalizer`: any recording becomes 16 kHz mono FLAC of even loudness."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from libs.common.service import Resources, run_service
from libs.common.stage import Stage
from services.normalizer.doctor import checks
from services.normalizer.ffmpeg import find_ffmpeg
from services.normalizer.settings import NormalizerSettings
from services.normalizer.stages import normalize_sample_stage, normalize_stage


@asynccontextmanager
async def _stages(settings: NormalizerSettings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    ffmpeg, slots = find_ffmpeg(settings.ffmpeg_path), settings.normalizer_slots
    yield (
        normalize_stage(resources.store, ffmpeg, max_duration=settings.max_duration, slots=slots),
        normalize_sample_stage(resources.store, ffmpeg, max_duration=settings.max_sample_duration, slots=slots),
    )


if __name__ == "__main__":
    run_service("normalizer", NormalizerSettings, _stages, checks)
