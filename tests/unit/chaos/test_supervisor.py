"""What the harness's supervisor knows of the ends of programs."""

import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from chaos.polling import until
from chaos.supervisor import Exit, Program, Supervisor


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    await supervisor.stop()


def program(code: str, folder: Path) -> Program:
    command = [sys.executable, "-c", code]
    return Program(name="program-1", family="program", command=command, environment={}, folder=folder)


async def running(supervisor: Supervisor) -> psutil.Process:
    found: list[psutil.Process] = []

    async def is_running() -> bool:
        found.extend(one for one in [supervisor.pick("program", random.Random(1))] if one)
        return bool(found)

    assert await until(is_running, within=10)
    return found[0]


async def end(supervisor: Supervisor, number: int) -> Exit:
    async def is_there() -> bool:
        return len(supervisor.exits) >= number

    assert await until(is_there, within=10)
    return supervisor.exits[number - 1]


async def test_an_end_by_a_signal_of_ours_is_ours_and_it_starts_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.keep(program("import signal; signal.pause()", tmp_path))
    for number in (1, 2):
        supervisor.send(await running(supervisor), signal.SIGKILL)
        ended = await end(supervisor, number)
        assert (ended.status, ended.is_ours) == (-signal.SIGKILL, True)


_WORKER = """
import os, pathlib, signal, time
print(f'{{"consumer": "diarizer-host-{os.getpid() + %d}-aa", "message": "worker started"}}', flush=True)
pathlib.Path("said").touch()
signal.pause()
"""


@pytest.mark.parametrize("other", [0, 1])
async def test_a_worker_has_started_once_it_says_so_itself(supervisor: Supervisor, tmp_path: Path, other: int) -> None:
    supervisor.keep(program(_WORKER % other, tmp_path))
    process = await running(supervisor)

    async def has_spoken() -> bool:
        return (tmp_path / "said").exists()

    assert await until(has_spoken, within=10)
    assert supervisor.has_started(process) == (other == 0)


async def test_an_end_of_its_own_is_not_ours(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.keep(program("raise SystemExit(3)", tmp_path))
    ended = await end(supervisor, 1)
    assert (ended.status, ended.is_ours) == (3, False)


async def test_a_process_that_is_stopped_is_no_target(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.keep(program("import signal; signal.pause()", tmp_path))
    (await running(supervisor)).suspend()

    async def is_no_target() -> bool:
        return supervisor.pick("program", random.Random(1)) is None

    assert await until(is_no_target, within=10)
