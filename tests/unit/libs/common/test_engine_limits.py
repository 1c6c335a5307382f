"""What a child may do to its parent, and how long it may take: errors of foreign libraries, slow loading."""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from libs.common.child_process import ChildLimits
from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed, EngineStalled, EngineUnavailable, InternalError, InvalidSettings
from libs.common.storage import ObjectStore
from tests.work import RecordedWork

STALL = 2.0
"""Seconds."""


class Foreigner:
    """An engine that is slow to load and uses a library of its own."""

    info = EngineInfo(name="foreigner")

    def fail(self) -> None:
        from xmlrpc.client import Fault

        raise Fault(1, "out of memory")

    def is_loaded(self) -> bool:
        return True

    def die(self) -> None:
        sys.exit("gone")

    def hang(self) -> None:
        time.sleep(60)


def load_slowly() -> Foreigner:
    time.sleep(STALL + 1.5)
    return Foreigner()


class SlowToArrive:
    """Loads at once, in a process that took its time to start."""

    def __call__(self) -> Foreigner:
        return Foreigner()

    def __reduce__(self) -> tuple[Callable[[], "SlowToArrive"], tuple[()]]:
        return arrive_slowly, ()


def arrive_slowly() -> SlowToArrive:
    time.sleep(STALL + 1.5)
    return SlowToArrive()


def load_unless_full(full: Path) -> Foreigner:
    if full.exists():
        raise InvalidSettings("the model does not fit into the GPU's memory")
    return Foreigner()


@pytest.fixture
def work(tmp_path: Path) -> RecordedWork:
    return RecordedWork(ObjectStore.open(f"file://{tmp_path}"), "folder")


async def test_an_error_of_a_foreign_library_does_not_load_that_library_in_the_parent(work: RecordedWork) -> None:
    sys.modules.pop("xmlrpc.client", None)
    engine = ChildEngine(Foreigner)
    with pytest.raises(InternalError, match="Fault") as raised:
        await engine.run(work, Foreigner.fail)
    await engine.close()

    assert "xmlrpc.client" not in sys.modules
    assert "in fail" in raised.value.__notes__[0]


@pytest.mark.parametrize("load", [load_slowly, SlowToArrive()], ids=["slow to load", "slow to start"])
async def test_a_child_that_is_replaced_may_come_up_as_slowly_as_the_first(
    load: Callable[[], Foreigner], work: RecordedWork
) -> None:
    engine = ChildEngine(load, limits=ChildLimits(stall=STALL))
    await engine.start()
    with pytest.raises(EngineCrashed):
        await engine.run(work, Foreigner.die)

    assert await engine.run(work, Foreigner.is_loaded)
    with pytest.raises(EngineStalled):
        await asyncio.wait_for(engine.run(work, Foreigner.hang), 40)
    await engine.close()


async def test_a_unit_whose_new_child_cannot_load_may_be_tried_again(work: RecordedWork, tmp_path: Path) -> None:
    full = tmp_path / "full"
    engine = ChildEngine(partial(load_unless_full, full))
    await engine.start()
    with pytest.raises(EngineCrashed):
        await engine.run(work, Foreigner.die)
    full.touch()

    with pytest.raises(EngineUnavailable, match="does not fit") as raised:
        await engine.run(work, Foreigner.is_loaded)
    with pytest.raises(InvalidSettings):
        await engine.start()

    full.unlink()
    assert await engine.run(work, Foreigner.is_loaded)
    assert raised.value.retryable
    await engine.close()
