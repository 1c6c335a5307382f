"""The supervisor with small programs of its own: what they write, how they die, and how they end."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cli.errors import ServiceRefused
from cli.local.supervisor import Program, Supervisor
from tests.processes import left_alive, processes_of

ROOT = Path(__file__).parents[4]


class Log:
    """The lines of all programs; a test waits for the one it needs."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._grown = asyncio.Event()

    def say(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        self._grown.set()

    async def wait_for(self, is_there: Callable[[list[tuple[str, str]]], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_there(self.lines):
                self._grown.clear()
                await self._grown.wait()

    def of(self, name: str) -> list[str]:
        return [line for who, line in self.lines if who == name]


def _program(name: str, script: str) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-u", "-c", textwrap.dedent(script)],
        environment=dict(os.environ),
        folder=ROOT,
    )


async def _run(log: Log, *programs: Program, until: Callable[[list[tuple[str, str]]], bool], grace: float = 5) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Supervisor(programs, {}, log.say, grace=grace).run(stop))
    await log.wait_for(until)
    stop.set()
    await running


PAUSES = "import signal; signal.pause()"


async def test_lines_carry_the_name_of_their_program() -> None:
    log = Log()
    one, two = _program("one", f"print('first'); {PAUSES}"), _program("two", f"print('second'); {PAUSES}")
    await _run(log, one, two, until=lambda lines: {("one", "first"), ("two", "second")} <= set(lines))


async def test_a_program_that_dies_is_started_again() -> None:
    log = Log()
    dies = _program("dies", "import os; print(os.getpid()); os.kill(os.getpid(), 9)")
    await _run(log, dies, until=lambda _lines: sum(line.isdigit() for line in log.of("dies")) == 2)
    assert "ended with SIGKILL; starting again in 0.5 s" in log.of("dies")


async def test_a_program_that_refuses_to_start_ends_everything_with_its_reason() -> None:
    log = Log()
    refuses = _program("refuses", "print('starting'); print('refuses cannot start: X is wrong'); raise SystemExit(78)")
    steady = _program("steady", f"import os; print(os.getpid()); {PAUSES}")
    supervisor = Supervisor([steady, refuses], {}, log.say, grace=5)
    with pytest.raises(ServiceRefused, match=r"^refuses cannot start: X is wrong$"):
        await asyncio.wait_for(supervisor.run(asyncio.Event()), 20)
    assert left_alive(processes_of(map(int, log.of("steady"))), after=20) == []


async def test_a_line_of_any_length_passes() -> None:
    log = Log()
    await _run(log, _program("long", f"print('x' * 1_000_000); {PAUSES}"), until=lambda lines: len(lines) == 1)
    assert log.of("long")[0] == "x" * 1_000_000


async def test_stopping_lets_a_program_end_in_order() -> None:
    log = Log()
    orderly = """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: (print('handed back'), sys.exit()))
        print('ready')
        signal.pause()
    """
    await _run(log, _program("orderly", orderly), until=lambda lines: ("orderly", "ready") in lines)
    assert log.of("orderly") == ["ready", "handed back"]


async def test_a_program_that_does_not_end_is_killed_after_its_grace() -> None:
    log = Log()
    stubborn = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid())
        while True: time.sleep(1)
    """
    await _run(log, _program("stubborn", stubborn), until=lambda lines: len(lines) == 1, grace=-4.8)
    assert not psutil.pid_exists(int(log.of("stubborn")[0]))


async def test_what_a_killed_program_had_started_does_not_stay() -> None:
    log = Log()
    parent = """
        import os, subprocess, sys
        print(subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']).pid)
        os.kill(os.getpid(), 9)
    """
    await _run(log, _program("parent", parent), until=lambda _lines: any("SIGKILL" in one for one in log.of("parent")))
    assert left_alive(processes_of([int(log.of("parent")[0])]), after=20) == []


def test_no_program_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, os, sys
        from pathlib import Path
        from cli.local.supervisor import Program, Supervisor
        child = [sys.executable, "-u", "-c", "import os, signal; print(os.getpid()); signal.pause()"]
        program = Program(name="child", command=child, environment=dict(os.environ), folder=Path.cwd())
        supervisor = Supervisor([program], {}, lambda _name, line: print(line, flush=True), grace=1)
        asyncio.run(supervisor.run(asyncio.Event()))
    """)
    supervisor = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    supervisor.send_signal(signal.SIGKILL)
    supervisor.communicate(timeout=20)
    assert left_alive(processes_of([child]), after=20) == []
