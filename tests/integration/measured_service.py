"""`python -m tests.integration.measured_service`: a worker whose engine is killed by its first unit."""

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from libs.common.engine import EngineInfo
from libs.common.events import Event, SampleAccepted
from libs.common.service import Resources, run_service
from libs.common.settings import ServiceSettings
from libs.common.stage import Stage, Work
from tests.integration.line import normalized, stage

AUDIO_SECONDS = 30.0


class Mortal:
    """An engine that dies once."""

    info = EngineInfo(name="mortal")

    def die_once(self, mark: Path) -> None:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Settings(ServiceSettings):
    """Read once, in `__main__`."""

    mark: Path


@asynccontextmanager
async def _stages(settings: Settings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    async with resources.engine(Mortal) as engine:
        info = await engine.start()

        async def handle(event: SampleAccepted, work: Work) -> list[Event]:
            await engine.run(work, Mortal.die_once, settings.mark)
            return [normalized(event)]

        yield (replace(stage(handle), engine=info, audio_seconds=lambda _event, _outputs: AUDIO_SECONDS),)


if __name__ == "__main__":
    run_service("normalizer", Settings, _stages)
