"""Children that work, fail, die, stall and are cancelled."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from libs.common import progress
from libs.common.child_process import ChildLimits
from libs.common.engine import EngineInfo
from libs.common.engine_process import ChildEngine
from libs.common.errors import EngineCrashed, EngineStalled, EngineUnavailable, InternalError, LanguageNotSupported
from libs.common.storage import ObjectStore
from tests.processes import children, left_alive
from tests.work import RecordedWork

ROOT = Path(__file__).parents[4]

PARENT = """
import asyncio
from libs.common.engine_process import ChildEngine
from tests.unit.libs.common.test_engine_process import Calculator

async def main():
    engine = ChildEngine(Calculator)
    print(await engine.ask(Calculator.process_id), flush=True)
    await engine.ask(Calculator.hang)

asyncio.run(main())
"""


class OddError(Exception):
    """Cannot be unpickled: its constructor takes more than its message."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)


class Calculator:
    """An engine that can do what engines do wrong."""

    info = EngineInfo(name="calculator")

    def double(self, number: int) -> int:
        return 2 * number

    def double_once_heard(self, number: int, heard: Path) -> int:
        progress.report(0.5)
        while not heard.exists():
            time.sleep(0.005)
        return 2 * number

    def process_id(self) -> int:
        return os.getpid()

    def refuse(self) -> None:
        raise LanguageNotSupported("no Latin")

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(self) -> None:
        time.sleep(60)

    def touch_and_hang(self, path: Path) -> None:
        path.touch()
        time.sleep(60)

    def touch_and_return_much(self, path: Path) -> bytes:
        path.touch()
        return bytes(100_000_000)

    def raise_what_cannot_be_sent(self) -> None:
        raise OddError("code", "text")

    def return_what_cannot_be_sent(self) -> object:
        return lambda: None

    def grow(self) -> None:
        self.ballast = bytearray(400_000_000)
        time.sleep(60)


def load_missing() -> Calculator:
    raise EngineUnavailable("no model on disk")


@pytest.fixture
async def engine() -> AsyncIterator[ChildEngine[Calculator]]:
    child = ChildEngine(Calculator, limits=ChildLimits(stall=30.0, memory_bytes=300_000_000))
    yield child
    await child.close()


@pytest.fixture
async def impatient() -> AsyncIterator[ChildEngine[Calculator]]:
    """For calls that stall; all others are answered at once."""
    child = ChildEngine(Calculator, limits=ChildLimits(stall=2.0))
    yield child
    await child.close()


@pytest.fixture
def work(tmp_path: Path) -> RecordedWork:
    return RecordedWork(ObjectStore.open(f"file://{tmp_path}"), "folder")


@asynccontextmanager
async def opened(*, processes: int) -> AsyncIterator[ChildEngine[Calculator]]:
    child = ChildEngine(Calculator, processes=processes, limits=ChildLimits(stall=20.0))
    yield child
    await child.close()


def send(pid: int, number: signal.Signals, *, then: str) -> None:
    os.kill(pid, number)
    wait_for(lambda: psutil.Process(pid).status() == then)


def wait_for(condition: Callable[[], bool]) -> None:
    """Holds up the loop, too."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


async def begun(path: Path) -> None:
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
            await asyncio.sleep(0.005)


async def test_a_call_returns_the_result_and_forwards_progress(
    engine: ChildEngine[Calculator], work: RecordedWork, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    await engine.start()
    call = asyncio.create_task(engine.run(work, Calculator.double_once_heard, 21, heard))
    async with asyncio.timeout(60):
        while not work.fractions:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.005)
    heard.touch()
    assert await call == 42
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


async def test_a_silent_child_is_stopped(impatient: ChildEngine[Calculator], work: RecordedWork) -> None:
    pid = await impatient.run(work, Calculator.process_id)
    with pytest.raises(EngineStalled):
        await asyncio.wait_for(impatient.run(work, Calculator.hang), 40)
    await impatient.run(work, Calculator.double, 1)
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


async def test_idle_children_that_are_killed_cost_no_call(work: RecordedWork) -> None:
    before = children()
    async with opened(processes=2) as engine:
        await engine.start()
        for child in children() - before:
            send(child.pid, signal.SIGKILL, then=psutil.STATUS_ZOMBIE)
        assert await engine.run(work, Calculator.double, 1) == 2
        assert await engine.run(work, Calculator.double, 2) == 4


async def test_a_child_that_dies_before_it_knows_of_its_call_costs_no_call(work: RecordedWork) -> None:
    async with opened(processes=1) as engine:
        pid = await engine.run(work, Calculator.process_id)
        send(pid, signal.SIGSTOP, then=psutil.STATUS_STOPPED)
        call = asyncio.create_task(engine.run(work, Calculator.double, 1))
        await asyncio.wait({call}, timeout=0.2)
        os.kill(pid, signal.SIGKILL)
        assert await call == 2


async def test_a_child_killed_while_it_sends_its_result_is_replaced(work: RecordedWork, tmp_path: Path) -> None:
    path = tmp_path / "begun"
    async with opened(processes=1) as engine:
        pid = await engine.run(work, Calculator.process_id)
        call = asyncio.create_task(engine.run(work, Calculator.touch_and_return_much, path))
        await asyncio.wait({call}, timeout=0.01)
        wait_for(lambda: path.exists() and psutil.Process(pid).status() == psutil.STATUS_SLEEPING)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(EngineCrashed):
            await call
        assert len(await engine.run(work, Calculator.touch_and_return_much, path)) == 100_000_000


async def test_a_child_that_was_stopped_while_idle_stalls_one_call(
    impatient: ChildEngine[Calculator], work: RecordedWork
) -> None:
    pid = await impatient.run(work, Calculator.process_id)
    send(pid, signal.SIGSTOP, then=psutil.STATUS_STOPPED)
    with pytest.raises(EngineStalled):
        await asyncio.wait_for(impatient.run(work, Calculator.double, 1), 40)
    assert not psutil.pid_exists(pid)
    assert await impatient.run(work, Calculator.double, 1) == 2


async def test_a_child_that_is_stopped_during_a_call_is_replaced(
    impatient: ChildEngine[Calculator], work: RecordedWork, tmp_path: Path
) -> None:
    pid = await impatient.run(work, Calculator.process_id)
    call = asyncio.create_task(impatient.run(work, Calculator.touch_and_hang, tmp_path / "begun"))
    await begun(tmp_path / "begun")
    send(pid, signal.SIGSTOP, then=psutil.STATUS_STOPPED)
    with pytest.raises(EngineStalled):
        await asyncio.wait_for(call, 40)
    assert not psutil.pid_exists(pid)
    assert await impatient.run(work, Calculator.double, 1) == 2


async def test_many_cancelled_calls_leave_one_child_per_process(work: RecordedWork) -> None:
    before = children()
    async with opened(processes=2) as engine:
        for wait in (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4):
            calls = {asyncio.create_task(engine.run(work, Calculator.hang)) for _ in range(3)}
            await asyncio.wait(calls, timeout=wait)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            assert not children() - before
        await asyncio.gather(*(engine.run(work, Calculator.double, 1) for _ in range(4)))
        assert len(children() - before) == 2


async def test_closing_ends_idle_and_busy_children(work: RecordedWork, tmp_path: Path) -> None:
    before = children()
    async with opened(processes=2) as engine:
        await engine.start()
        busy = asyncio.create_task(engine.run(work, Calculator.touch_and_hang, tmp_path / "begun"))
        await begun(tmp_path / "begun")
    assert not children() - before
    with pytest.raises(EngineCrashed, match="closed"):
        await busy
    with pytest.raises(EngineCrashed, match="closed"):
        await engine.run(work, Calculator.double, 1)
    assert not children() - before


async def test_closing_during_a_cancellation_ends_every_child(work: RecordedWork, tmp_path: Path) -> None:
    before = children()
    async with opened(processes=1) as engine:
        call = asyncio.create_task(engine.run(work, Calculator.touch_and_hang, tmp_path / "begun"))
        waiting = asyncio.create_task(engine.run(work, Calculator.double, 1))
        await begun(tmp_path / "begun")
        for _ in range(2):
            call.cancel()
            await asyncio.sleep(0)
    assert not children() - before
    with pytest.raises(EngineCrashed, match="closed"):
        await waiting
    assert call.cancelled()
    assert not children() - before


async def test_a_child_ignores_the_terminals_interrupt(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    pid = await engine.run(work, Calculator.process_id)
    os.kill(pid, signal.SIGINT)
    assert await engine.run(work, Calculator.double, 1) == 2
    assert await engine.run(work, Calculator.process_id) == pid


async def test_a_child_keeps_no_socket_of_its_parent(engine: ChildEngine[Calculator], work: RecordedWork) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.set_inheritable(True)
        pid = await engine.run(work, Calculator.process_id)
        assert psutil.Process(pid).net_connections(kind="inet") == []


def test_a_busy_child_dies_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert left_alive([child], after=10) == []


async def test_an_error_or_a_result_that_cannot_be_sent_is_no_death(
    engine: ChildEngine[Calculator], work: RecordedWork
) -> None:
    pid = await engine.run(work, Calculator.process_id)
    with pytest.raises(InternalError, match="OddError"):
        await engine.run(work, Calculator.raise_what_cannot_be_sent)
    with pytest.raises(AttributeError, match="pickle"):
        await engine.run(work, Calculator.return_what_cannot_be_sent)
    assert await engine.run(work, Calculator.process_id) == pid
