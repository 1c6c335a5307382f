"""Children that work, fail, die, stall and are cancelled."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from libs.common import progress
from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine, ChildLimits
from libs.common.errors import EngineCrashed, EngineStalled, EngineUnavailable, LanguageNotSupported
from libs.common.storage import ObjectStore
from tests.work import RecordedWork


class Calculator:
    """An engine that can do what engines do wrong."""

    info = EngineInfo(name="calculator")

    def double(self, number: int) -> int:
        progress.report(0.5)
        time.sleep(0.7)
        return 2 * number

    def process_id(self) -> int:
        return os.getpid()

    def refuse(self) -> None:
        raise LanguageNotSupported("no Latin")

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(self) -> None:
        time.sleep(60)

    def grow(self) -> None:
        self.ballast = bytearray(400_000_000)
        time.sleep(60)


def load_missing() -> Calculator:
    raise EngineUnavailable("no model on disk")


@pytest.fixture
async def engine() -> AsyncIterator[ChildEngine[Calculator]]:
    child = ChildEngine(Calculator, limits=ChildLimits(stall=2.0, memory_bytes=300_000_000))
    yield child
    await child.close()


@pytest.fixture
def work(tmp_path: Path) -> RecordedWork:
    return RecordedWork(ObjectStore.open(f"file://{tmp_path}"), "folder")


async def test_a_call_returns_the_result_and_forwards_progress(
    engine: ChildEngine[Calculator], work: RecordedWork
) -> None:
    assert await engine.run(work, Calculator.double, 21) == 42
    assert work.fractions == [0.5]


async def test_the_engine_stays_loaded_between_calls(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    first = await engine.run(work, Calculator.process_id)
    assert first != os.getpid()
    assert await engine.run(work, Calculator.process_id) == first


async def test_an_error_of_the_engine_keeps_its_class(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    with pytest.raises(LanguageNotSupported, match="no Latin"):
        await engine.run(work, Calculator.refuse)


async def test_a_killed_child_is_reported_and_replaced(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    with pytest.raises(EngineCrashed):
        await engine.run(work, Calculator.die)
    assert await engine.run(work, Calculator.double, 1) == 2


async def test_a_silent_child_is_stopped(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    pid = await engine.run(work, Calculator.process_id)
    with pytest.raises(EngineStalled):
        await engine.run(work, Calculator.hang)
    await engine.run(work, Calculator.double, 1)
    assert not psutil.pid_exists(pid)


async def test_a_child_that_outgrows_its_memory_limit_is_stopped(
    engine: ChildEngine[Calculator], work: RecordedWork
) -> None:
    with pytest.raises(EngineCrashed, match="memory limit"):
        await engine.run(work, Calculator.grow)


async def test_cancelling_kills_the_child(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    pid = await engine.run(work, Calculator.process_id)
    hanging = asyncio.create_task(engine.run(work, Calculator.hang))
    await asyncio.wait({hanging}, timeout=0.3)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await engine.run(work, Calculator.process_id) != pid
    assert not psutil.pid_exists(pid)


async def test_an_engine_that_cannot_load_refuses_to_start() -> None:
    engine = ChildEngine(load_missing)
    with pytest.raises(EngineUnavailable, match="no model"):
        await engine.start()
    await engine.close()
