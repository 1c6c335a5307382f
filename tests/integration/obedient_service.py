"""`python -m tests.integration.obedient_service`: a worker that does what objects in its store allow."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from libs.common.events import Event, SampleAccepted
from libs.common.service import Resources, run_service
from libs.common.settings import ServiceSettings
from libs.common.stage import Stage, Work
from tests.integration.line import normalized, stage

LOADED, BEGAN, PROCEED = "loaded", "began", "proceed"


class Settings(ServiceSettings):
    """Read once, in `__main__`."""

    deadline: float = 60.0


@asynccontextmanager
async def _stages(settings: Settings, resources: Resources) -> AsyncIterator[Sequence[Stage[Any]]]:
    async def wait_for(key: str) -> None:
        """Deaf to everything else, as a C library may be."""
        while not await resources.store.exists(key):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.02)

    async def handle(event: SampleAccepted, work: Work) -> list[Event]:
        await resources.store.put(BEGAN, b"")
        await wait_for(PROCEED)
        return [normalized(event)]

    await wait_for(LOADED)
    yield (stage(handle, deadline=settings.deadline),)


if __name__ == "__main__":
    run_service("normalizer", Settings, _stages)
