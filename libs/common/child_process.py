"""One child process of an engine: the socket to it, its limits, and when it is given up."""

import asyncio
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from libs.common.engine_child import LENGTH, Signs, serve
from libs.common.errors import EngineCrashed, EngineStalled, EngineUnavailable
from libs.common.telemetry import current_logs

_WATCH_PERIOD = 0.5
_END_PERIOD = 5.0
"""How long to wait for a killed process: one that hangs in a driver may never go."""


@dataclass(frozen=True)
class ChildLimits:
    """When a child is given up."""

    stall: float = 300.0
    """Seconds without a progress report; starting the process and loading the model do not count."""

    memory_bytes: int | None = None
    """Resident memory; `None` for no limit."""


class NeverBegan(EngineCrashed):
    """The child died before it knew of the call."""


class Outgrown(EngineCrashed):
    """The child takes more memory than it may."""


class Child:
    """One process and the socket to it."""

    def __init__(self, load: Callable[[], object]) -> None:
        """Start the process on the thread of the loop: when the thread that started it ends, the kernel kills it."""
        context = multiprocessing.get_context("spawn")
        self.signs = context.RawValue(Signs)
        self.signs.is_loading = True
        self._exchange: asyncio.Task[bytes] | None = None
        try:
            self._socket, theirs = socket.socketpair()
            with theirs:
                arguments = (theirs, load, self.signs, os.getpid(), current_logs())
                self._process = context.Process(target=serve, args=arguments, daemon=True)
                self._process.start()
        except OSError as error:
            raise EngineUnavailable(f"the engine's process cannot be started: {error}") from error
        self._socket.setblocking(False)

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    @property
    def memory_bytes(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return 0

    async def answer(self, request: bytes, watch: "Watch") -> bytes:
        self.signs.has_begun = False
        self._exchange = asyncio.create_task(self._exchanged(request))
        while not (await asyncio.wait({self._exchange}, timeout=_WATCH_PERIOD))[0]:
            watch.look()
        if self._exchange.cancelled():
            raise EngineCrashed("the engine was closed")
        try:
            answer = self._exchange.result()
        except (EOFError, ConnectionError) as error:
            await self.end()
            died = EngineCrashed if self.signs.has_begun else NeverBegan
            raise died(f"the engine's process died (exit code {self._process.exitcode})") from error
        self._exchange = None
        return answer

    async def _exchanged(self, request: bytes) -> bytes:
        await asyncio.get_running_loop().sock_sendall(self._socket, request)
        (length,) = LENGTH.unpack(await self._received(LENGTH.size))
        return bytes(await self._received(length))

    async def _received(self, length: int) -> bytearray:
        data, position = bytearray(length), 0
        while position < length:
            count = await asyncio.get_running_loop().sock_recv_into(self._socket, memoryview(data)[position:])
            if count == 0:
                raise EOFError("the child closed its socket")
            position += count
        return data

    async def end(self) -> None:
        """Kill the process and see it gone; at any time, any number of times."""
        self._process.kill()
        if self._exchange is not None:
            self._exchange.cancel()
            await asyncio.gather(self._exchange, return_exceptions=True)
        deadline = time.monotonic() + _END_PERIOD
        while self._process.is_alive() and time.monotonic() < deadline:  # noqa: ASYNC110 - no event tells of its end
            await asyncio.sleep(0.01)
        self._socket.close()


class Watch:
    """Looks at a child from time to time."""

    def __init__(self, child: Child, limits: ChildLimits, report: Callable[[float], None]) -> None:
        self._child = child
        self._limits = limits
        self._report = report
        self._reports = child.signs.reports
        self._last_sign = time.monotonic()

    def look(self) -> None:
        if self._child.signs.reports != self._reports:
            self._reports = self._child.signs.reports
            self._last_sign = time.monotonic()
            self._report(self._child.signs.fraction)
        if self._child.signs.is_loading:
            self._last_sign = time.monotonic()  # a model takes its time; the unit's own deadline holds
        if time.monotonic() - self._last_sign > self._limits.stall:
            raise EngineStalled(f"the engine reported no progress for {self._limits.stall:.0f} s")
        limit = self._limits.memory_bytes
        if limit is not None and self._child.memory_bytes > limit:
            raise Outgrown(f"the engine's process outgrew its memory limit of {limit} bytes")
