"""Keeps programs running: one log stream, restarts with backoff, and an orderly end."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cli.errors import ServiceRefused
from cli.local.child import bind_to_parent
from libs.common.service import REFUSED

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_STEADY = 60.0
"""A program that ran this long had recovered: its next restart is quick again."""

_LAST_LINES = 2.0
"""Seconds to wait for what an ended program still has in its pipe."""

_KILL_AFTER = 5.0
"""Seconds past the programs' own grace."""


class Server(Protocol):
    """Something the programs depend on that lives and dies with this process."""

    @property
    def url(self) -> str: ...

    @property
    def is_alive(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program to keep running, and the name that its lines get."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


Say = Callable[[str, str], None]
"""Called with the name of a program and a line of its output."""


class Supervisor:
    """Runs programs until it is told to stop; none of them outlives it."""

    def __init__(self, programs: Sequence[Program], servers: Mapping[str, Server], say: Say, *, grace: float) -> None:
        """`grace` is how many seconds programs may take to end."""
        self._programs = programs
        self._servers = servers
        self._say = say
        self._grace = grace
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._last_lines: dict[str, str] = {}
        self._stopping = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep everything running until `stop` is set.

        Raises:
            ServiceRefused: A program cannot work as it is set up; the others have ended.
            ServerNotStarted: A server died and could not be started again.
        """
        programs = [asyncio.create_task(self._keep_running(program)) for program in self._programs]
        watch = asyncio.create_task(self._watch_servers())
        stopped = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*programs, watch, stopped], return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            watch.cancel()
            stopped.cancel()
            await self._stop(programs)

    def pid(self, name: str) -> int | None:
        """The process of a program; `None` while there is none."""
        process = self._running.get(name)
        return process.pid if process is not None and process.returncode is None else None

    async def _keep_running(self, program: Program) -> None:
        clock, delay = asyncio.get_running_loop().time, _FIRST_DELAY
        while not self._stopping.is_set():
            started = clock()
            code = await self._run_once(program)
            if self._stopping.is_set():
                return
            if code == REFUSED:
                raise ServiceRefused(self._last_lines.get(program.name, f"{program.name} refused to start"))
            if clock() - started > _STEADY:
                delay = _FIRST_DELAY
            self._say(program.name, f"ended with {_reason(code)}; starting again in {delay:.1f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    async def _run_once(self, program: Program) -> int:
        """Start a program in a session of its own, forward what it writes, and give its exit status."""
        read_end, write_end = os.pipe()  # with asyncio's own pipe, `wait` would also wait for the program's children
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=asyncio.subprocess.STDOUT,
            env=program.environment,
            cwd=program.folder,
            start_new_session=True,
            preexec_fn=bind_to_parent(signal.SIGKILL),
        )
        os.close(write_end)
        self._running[program.name] = process
        if self._stopping.is_set():
            process.terminate()
        output = asyncio.create_task(self._forward(program.name, read_end))
        code = await process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what the program started and left behind
        _, unfinished = await asyncio.wait([output], timeout=_LAST_LINES)
        for one in unfinished:
            one.cancel()
        return code

    async def _forward(self, name: str, read_end: int) -> None:
        output, rest = asyncio.StreamReader(), b""
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(read_end, "rb")
        )
        with closing(transport):
            while piece := await output.read(65536):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._pass_on(name, line)
        if rest:
            self._pass_on(name, rest)

    def _pass_on(self, name: str, line: bytes) -> None:
        text = line.decode(errors="replace")
        self._last_lines[name] = text
        self._say(name, text)

    async def _watch_servers(self) -> None:
        while True:
            for name, server in self._servers.items():
                if not server.is_alive:
                    self._say(name, "ended; starting it again")
                    server.start()
            await asyncio.sleep(0.5)

    async def _stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """End the programs: first ask, then kill what has not ended in time."""
        self._stopping.set()
        self._signal_all(signal.SIGTERM)
        _, late = await asyncio.wait(tasks, timeout=self._grace + _KILL_AFTER)
        if late:
            self.kill()
        await asyncio.gather(*tasks, return_exceptions=True)  # of several that refuse, the first is reported

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._running.values():
            if process.returncode is None:
                process.send_signal(number)

    def kill(self) -> None:
        """End every program at once; whoever waits for `run` gets there without a grace period."""
        self._signal_all(signal.SIGKILL)


def _reason(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
