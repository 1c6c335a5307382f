"""The pyannote engine as a worker runs it: in a child process that may be cancelled or killed, without a network."""

import asyncio
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed
from libs.common.storage import ObjectStore
from services.diarizer.engines import Diarizer, load_engine
from services.diarizer.settings import DiarizerSettings
from tests.processes import children
from tests.with_torch.diarizer.recordings import DER_BOUND, FREE, PLANNING, SHORT, error_rate, settings
from tests.work import RecordedWork


class WatchedWork(RecordedWork):
    """Says when the engine is in the middle of a unit."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store, "meetings/m1")
        self.is_in_the_middle = asyncio.Event()

    def progress(self, fraction: float) -> None:
        super().progress(fraction)
        if 0 < fraction < 0.9:
            self.is_in_the_middle.set()


def load_watched(chosen: DiarizerSettings, seen: Path) -> Diarizer:
    """The engine, in a process that writes down every look at the network."""

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            with seen.open("a") as lines:
                lines.write(f"{event} {arguments}\n")

    sys.addaudithook(look)
    return load_engine(chosen)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "seen"


@pytest.fixture
async def engine(seen: Path) -> AsyncIterator[ChildEngine[Diarizer]]:
    child: ChildEngine[Diarizer] = ChildEngine(partial(load_watched, settings(), seen))
    yield child
    await child.close()


async def test_a_unit_goes_through_a_child_that_never_looks_at_the_network(
    engine: ChildEngine[Diarizer], store: ObjectStore, seen: Path
) -> None:
    work = WatchedWork(store)

    speech = await engine.run(work, Diarizer.diarize, PLANNING, FREE)

    assert error_rate(PLANNING, speech.turns) <= DER_BOUND
    assert speech.exclusive_turns
    assert work.fractions == sorted(work.fractions)
    assert lines_of(seen) == []


async def test_what_is_cancelled_or_killed_in_the_middle_harms_nothing_else(
    engine: ChildEngine[Diarizer], store: ObjectStore
) -> None:
    before = children()
    cancelled = WatchedWork(store)
    call = asyncio.create_task(engine.run(cancelled, Diarizer.diarize, PLANNING, FREE))
    await asyncio.wait_for(cancelled.is_in_the_middle.wait(), timeout=120)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not children() - before

    killed = WatchedWork(store)
    call = asyncio.create_task(engine.run(killed, Diarizer.diarize, PLANNING, FREE))
    await asyncio.wait_for(killed.is_in_the_middle.wait(), timeout=120)
    (child,) = children() - before
    child.kill()
    with pytest.raises(EngineCrashed):
        await call

    speech = await engine.run(WatchedWork(store), Diarizer.diarize, SHORT, FREE)
    assert error_rate(SHORT, speech.turns) <= DER_BOUND
