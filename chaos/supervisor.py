"""Keeps the programs of a run alive, and knows which of their ends were our doing."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cli.local.child import bind_to_parent

_RESTART_DELAY = 0.2
_OUTLIVED_AFTER = 20.0
_STOPS_WITHIN = 20.0


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program to keep running. `family`: the service that it is an instance of."""

    name: str
    family: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Exit:
    """The end of one process."""

    program: Program
    pid: int
    status: int
    is_ours: bool
    """Whether it follows from a signal that was sent to it."""

    seconds_to_end: float | None
    """Since the first signal that was sent to it."""


@dataclass
class _Sent:
    signals: set[int] = field(default_factory=set)
    first_at: float = 0.0


class Supervisor:
    """Starts every program again when it ends, until `stop`."""

    def __init__(self, logs: Path) -> None:
        """`logs`: the folder in which each program gets a file."""
        self.exits: list[Exit] = []
        self.outlived: list[str] = []
        """What was still there some seconds after the process that had started it."""

        self._logs = logs
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._programs: dict[str, Program] = {}
        self._sent: dict[int, _Sent] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self._watching: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def keep(self, program: Program) -> None:
        """Run a program from now on."""
        self._programs[program.name] = program
        self._keeping.append(asyncio.create_task(self._keep(program)))

    def pick(self, family: str, rng: random.Random) -> psutil.Process | None:
        """A running process of a service, if there is one that is not stopped."""
        found = [one for name, one in self._running.items() if self._programs[name].family == family]
        rng.shuffle(found)
        return next((one for process in found if (one := _awake(process.pid)) is not None), None)

    def has_started(self, process: psutil.Process) -> bool:
        """Whether the process of a worker has said that it takes work; until then it ends with its engine's process."""
        name = next((name for name, one in self._running.items() if one.pid == process.pid), None)
        if name is None:
            return False
        lines = (self._logs / f"{name}.log").read_text(errors="replace").splitlines()
        return any(f"-{process.pid}-" in line for line in lines if '"worker started"' in line)

    def send(self, process: psutil.Process, number: signal.Signals) -> None:
        """Send a signal to a process of ours, and remember that it was us."""
        sent = self._sent.setdefault(process.pid, _Sent(first_at=time.monotonic()))
        sent.signals.add(number)
        process.send_signal(number)

    async def stop(self) -> None:
        """End everything in an orderly way; kill what does not end in time."""
        self._is_stopping = True
        for process in list(self._running.values()):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                self.send(psutil.Process(process.pid), signal.SIGCONT)
                self.send(psutil.Process(process.pid), signal.SIGTERM)
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=_STOPS_WITHIN)
        self.kill()
        await asyncio.gather(*self._keeping, *self._watching, return_exceptions=True)

    def kill(self) -> None:
        """End everything at once."""
        self._is_stopping = True
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    async def _keep(self, program: Program) -> None:
        while not self._is_stopping:
            process = await self._start(program)
            self._running[program.name] = process
            status = await process.wait()
            del self._running[program.name]
            self._note_exit(program, process.pid, status)
            watching = asyncio.create_task(self._watch_for_outliving(program, process.pid))
            self._watching.add(watching)
            watching.add_done_callback(self._watching.discard)
            await asyncio.sleep(_RESTART_DELAY)

    async def _start(self, program: Program) -> asyncio.subprocess.Process:
        with (self._logs / f"{program.name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=program.environment,
                cwd=program.folder,
                start_new_session=True,
                preexec_fn=bind_to_parent(signal.SIGKILL),
            )

    def _note_exit(self, program: Program, pid: int, status: int) -> None:
        sent = self._sent.pop(pid, None)
        numbers = sent.signals if sent else set()
        is_ours = -status in numbers or (status == 0 and signal.SIGTERM in numbers)
        seconds = time.monotonic() - sent.first_at if sent else None
        self.exits.append(Exit(program, pid, status, is_ours=is_ours, seconds_to_end=seconds))

    async def _watch_for_outliving(self, program: Program, group: int) -> None:
        """What a program starts has to end with it, whatever ends it."""
        deadline = time.monotonic() + _OUTLIVED_AFTER
        while _group_lives(group):
            if time.monotonic() > deadline:
                self.outlived.append(f"{program.name} (group {group})")
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
                return
            await asyncio.sleep(0.1)


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """The engine processes of a service."""
    with suppress(psutil.NoSuchProcess):
        return [one for one in process.children(recursive=True) if _is_engine(one)]
    return []


def _is_engine(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any("spawn_main" in part for part in process.cmdline())
    return False


def _awake(pid: int) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}:
            return process
    return None


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
