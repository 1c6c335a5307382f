"""Faults of processes: killed, asked to end, or stopped for longer than their lease."""

import asyncio
import random
import signal
from contextlib import suppress

import psutil

from chaos import timing
from chaos.faults.fault import Fault, NoTarget, World
from chaos.hansard import FAMILIES, SERVICES
from chaos.inputs import SUFFIX
from chaos.supervisor import children_of
from chaos.uploads import begin_upload

_PATIENCE = 10.0
_WITH_CHILDREN = ("diarizer", "transcriber", "summarizer")


def process_faults() -> list[Fault]:
    """Every signal for every service, for their engines' processes, and for a gateway in the middle of an upload."""
    faults = [Fault("kill-gateway-in-upload", _kill_gateway_in_upload)]
    for family in FAMILIES:
        burdened = family if family in SERVICES else None
        faults += [
            Fault(f"kill-{family}", _Signal(family, signal.SIGKILL), burdened),
            Fault(f"term-{family}", _Signal(family, signal.SIGTERM)),
            Fault(f"stop-{family}", _Stop(family), burdened),
        ]
    for family in _WITH_CHILDREN:
        faults += [
            Fault(f"kill-{family}-child", _Signal(family, signal.SIGKILL, is_child=True), family),
            Fault(f"term-{family}-child", _Signal(family, signal.SIGTERM, is_child=True), family),
            Fault(f"stop-{family}-child", _Stop(family, is_child=True), family),
        ]
    return faults


class _Signal:
    """A signal to a process of a service, or to one of its engines'."""

    def __init__(self, family: str, number: signal.Signals, *, is_child: bool = False) -> None:
        self._family = family
        self._number = number
        self._is_child = is_child

    async def __call__(self, world: World, rng: random.Random) -> str:
        process = await _target(world, self._family, rng, is_child=self._is_child)
        world.hansard.supervisor.send(process, self._number)
        return f"process {process.pid}"


class _Stop:
    """SIGSTOP, and SIGCONT when others have long taken over."""

    def __init__(self, family: str, *, is_child: bool = False) -> None:
        self._family = family
        self._is_child = is_child

    async def __call__(self, world: World, rng: random.Random) -> str:
        process = await _target(world, self._family, rng, is_child=self._is_child)
        seconds = rng.uniform(*timing.STOPPED)
        process.suspend()
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        return f"process {process.pid} for {seconds:.1f} s"


async def _kill_gateway_in_upload(world: World, rng: random.Random) -> str:
    """The client repeats half of such uploads; nothing may be left of the others."""
    upload, is_repeated = world.clients.repertoire.meeting(rng), rng.random() < 0.5
    process = await _target(world, "gateway", rng, is_child=False)
    gateway = next(one for one in world.hansard.gateways if one.endswith(f":{process.environ()['PORT']}"))
    request = world.clients.new_request(upload) if is_repeated else None
    name = f"{request.key}.{SUFFIX}" if request else world.clients.new_cut()
    try:
        async with asyncio.timeout(_PATIENCE):
            writer = await begin_upload(gateway, name, upload, key=request.key if request else None)
        await asyncio.sleep(rng.uniform(0.05, 0.3))  # so that some has reached the store
        world.hansard.supervisor.send(process, signal.SIGKILL)
        writer.close()
    except (OSError, TimeoutError, psutil.NoSuchProcess) as error:
        raise NoTarget(f"the gateway was gone before the upload began: {error}") from error
    finally:
        if request:
            world.clients.repeat(request)
    return f"process {process.pid}, {'repeated' if request else 'abandoned'}"


async def _target(world: World, family: str, rng: random.Random, *, is_child: bool) -> psutil.Process:
    """Waits for a process that is being started again."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                supervisor = world.hansard.supervisor
                process = supervisor.pick(family, rng)
                if process and not is_child:
                    return process
                children = children_of(process) if process and supervisor.has_started(process) else []
                if children:
                    return rng.choice(children)
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise NoTarget(f"no process of {family}") from error
