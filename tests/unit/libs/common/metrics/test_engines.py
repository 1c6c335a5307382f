"""What is counted of children that die, stall, outgrow their memory or are cancelled."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from libs.common.child_process import ChildLimits
from libs.common.engine import EngineInfo
from libs.common.engine_process import child_engine
from libs.common.errors import EngineCrashed, EngineStalled
from libs.common.metrics.engines import REASONS, EngineMetrics
from libs.common.running_engine import RunningEngine
from libs.common.storage import ObjectStore
from tests.work import RecordedWork

_LIMIT_BYTES = 400 * 2**20


class Sleeper:
    """An engine that does nothing for long."""

    info = EngineInfo(name="sleeper")

    def process_id(self) -> int:
        return os.getpid()

    def sleep(self) -> None:
        time.sleep(60)

    def grow(self) -> None:
        room = b"1" * _LIMIT_BYTES
        time.sleep(60)
        del room

    def be_killed(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def work(tmp_path: Path) -> RecordedWork:
    return RecordedWork(ObjectStore.open(f"file://{tmp_path}"), "folder")


@asynccontextmanager
async def sleeper(
    registry: CollectorRegistry, limits: ChildLimits | None = None
) -> AsyncIterator[RunningEngine[Sleeper]]:
    async with child_engine(Sleeper, limits=limits, metrics=EngineMetrics(registry)) as engine:
        await engine.start()
        yield engine


def restarts(registry: CollectorRegistry) -> dict[str, float | None]:
    name = "hansard_engine_child_restarts_total"
    found = {one: registry.get_sample_value(name, {"engine": "sleeper", "reason": one}) for one in REASONS}
    return {reason: count for reason, count in found.items() if count != 0}


async def test_an_engine_that_started_has_no_restarts_and_some_memory(registry: CollectorRegistry) -> None:
    async with sleeper(registry):
        assert restarts(registry) == {}
        assert registry.get_sample_value("hansard_engine_children", {"engine": "sleeper"}) == 1
        memory = registry.get_sample_value("hansard_engine_child_memory_bytes", {"engine": "sleeper"})
        assert memory is not None
        assert memory > 2**20
    assert registry.get_sample_value("hansard_engine_children", {"engine": "sleeper"}) is None


async def test_a_child_killed_during_a_call_crashed(registry: CollectorRegistry, work: RecordedWork) -> None:
    async with sleeper(registry) as engine:
        with pytest.raises(EngineCrashed):
            await engine.run(work, Sleeper.be_killed)
        assert restarts(registry) == {"crashed": 1}


async def test_a_child_killed_while_idle_crashed(registry: CollectorRegistry) -> None:
    async with sleeper(registry) as engine:
        os.kill(await engine.ask(Sleeper.process_id), signal.SIGKILL)
        assert await engine.ask(Sleeper.process_id)
        assert restarts(registry) == {"crashed": 1}


async def test_a_silent_child_stalled(registry: CollectorRegistry, work: RecordedWork) -> None:
    async with sleeper(registry, ChildLimits(stall=0.1)) as engine:
        with pytest.raises(EngineStalled):
            await engine.run(work, Sleeper.sleep)
        assert restarts(registry) == {"stalled": 1}


async def test_a_child_over_its_limit_ended_by_its_memory(registry: CollectorRegistry, work: RecordedWork) -> None:
    async with sleeper(registry, ChildLimits(memory_bytes=_LIMIT_BYTES)) as engine:
        with pytest.raises(EngineCrashed, match="memory limit"):
            await engine.run(work, Sleeper.grow)
        assert restarts(registry) == {"memory": 1}


async def test_cancelling_a_call_costs_its_child(registry: CollectorRegistry, work: RecordedWork) -> None:
    async with sleeper(registry) as engine:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await engine.run(work, Sleeper.sleep)
        assert restarts(registry) == {"cancelled": 1}


async def test_two_engines_of_one_name_are_counted_together(registry: CollectorRegistry) -> None:
    metrics = EngineMetrics(registry)
    async with child_engine(Sleeper, metrics=metrics) as one, child_engine(Sleeper, metrics=metrics) as other:
        await one.start()
        await other.start()
        assert registry.get_sample_value("hansard_engine_children", {"engine": "sleeper"}) == 2
