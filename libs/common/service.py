"""What every worker service does at start and at the end, and how one of its units is worked again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar

import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from libs.common.cache import Cache, MemoryCache
from libs.common.cases.replaying import replay_options, replay_unit
from libs.common.child_process import ChildLimits
from libs.common.command_line import command_of
from libs.common.doctor.command import Checks, doctor, nothing_more
from libs.common.engine_here import engine_here
from libs.common.engine_process import child_engine
from libs.common.errors import InvalidSettings, PipelineError
from libs.common.metrics.engines import EngineMetrics
from libs.common.metrics.process import measured_process
from libs.common.running_engine import RunningEngine
from libs.common.runtime.retry import until_answered
from libs.common.runtime.worker import StageStopped, Worker
from libs.common.scratch import remove_abandoned
from libs.common.settings import S, ServiceSettings, read_settings, warn_of_misspelt
from libs.common.stage import Stage
from libs.common.status.dependencies import PROBE
from libs.common.status.pages import Status, pages
from libs.common.status.server import address_of, listening_socket, serving
from libs.common.storage import ObjectStore
from libs.common.streams.cache import RedisCache
from libs.common.streams.connection import connect
from libs.common.telemetry import configure_logs, guard_output
from libs.common.tracing.setup import tracing

STOPPED = 70
"""Exit status of a worker whose stage stands still for good (`EX_SOFTWARE`): starting it again helps."""

REFUSED = 78
"""Exit status of a service that cannot start as it is set up (`EX_CONFIG`): starting it again does not help."""

FAILED = 1
"""Exit status of a service that cannot start now, its settings being well: starting it again may help."""

_COMMANDS = {
    "doctor": "look at what this service needs; change nothing",
    "replay": "work one recorded unit in this process, and say how it differs",
}

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class OpenEngine(Protocol):
    """Where the engines of a service run: `child_engine` in a worker."""

    def __call__(
        self, load: Callable[[], T], *, processes: int = 1, limits: ChildLimits | None = None
    ) -> AbstractAsyncContextManager[RunningEngine[T]]:
        """The engine that `load` gives, until the block ends."""


@dataclass(frozen=True)
class Resources:
    """What a service builds its stages from."""

    store: ObjectStore
    cache: Cache
    engine: OpenEngine = child_engine
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """What `/metrics` shows; nothing registers globally."""


Build = Callable[[S, Resources], AbstractAsyncContextManager[Sequence[Stage[Any]]]]
"""Loads the engines and gives the stages; ends the engines when the block ends."""


def run_service(name: str, settings_class: type[S], build: Build[S], checks: Checks[S] = nothing_more) -> None:
    """Run a worker until SIGTERM or SIGINT, or `replay` one recorded unit, or let the `doctor` look at everything.

    Exits with a clear line and `REFUSED` or `FAILED` if it cannot start; with 2 for arguments that it does not know.
    """
    guard_output()
    command, options = command_of(name, _COMMANDS, sys.argv[1:]), sys.argv[2:]
    if command == "doctor":
        _end_at_once(doctor(name, settings_class, checks, options))
    wanted = replay_options(name, options) if command == "replay" else None
    try:
        settings = read_settings(settings_class)
        assert isinstance(settings, ServiceSettings)
        if wanted is not None:
            configure_logs(name, level=settings.log_level, style=settings.log_format, stream=sys.stderr)
            _end_at_once(replay_unit(wanted, partial(_stages_here, settings, build)))
        configure_logs(name, level=settings.log_level, style=settings.log_format)
        warn_of_misspelt(settings_class)
        with tracing(name, settings):
            asyncio.run(_serve(name, settings, build))
    except PipelineError as error:
        line, status = refusal(name, error)
        sys.stderr.write(line)
        _end_at_once(status)


def refusal(service: str, error: PipelineError) -> tuple[str, int]:
    """What a service that cannot start says, and with which status it ends."""
    line = f"{service} cannot start ({error.code}): {error.message}\n"
    return line, REFUSED if isinstance(error, InvalidSettings) else FAILED


def _end_at_once(status: int) -> NoReturn:
    """Without tearing the interpreter down: threads of native libraries abort a process that does."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _stages_here(settings: S, build: Build[S], store: ObjectStore) -> AbstractAsyncContextManager[Sequence[Stage[Any]]]:
    return build(settings, Resources(store=store, cache=MemoryCache(), engine=engine_here))


async def _serve(name: str, settings: S, build: Build[S]) -> None:
    assert isinstance(settings, ServiceSettings)
    status = Status(service=name, registry=CollectorRegistry())
    listening = listening_socket(settings.host, settings.port)
    async with measured_process(status.registry, service=name), serving(pages(status), listening):
        _log.info("status pages served", address=address_of(listening))
        await asyncio.to_thread(remove_abandoned)
        async with _resources(settings, status) as (worker_of, resources), build(settings, resources) as stages:
            await _work(worker_of(name, stages), status, grace=settings.grace)
    _log.info("worker stopped")


async def _work(worker: Worker, status: Status, *, grace: float) -> None:
    # Until here nothing is in hand: a signal may end the process at once.
    stop = stop_signal()
    status.stopped = lambda: worker.stopped
    status.phase = "working"
    marking = asyncio.create_task(_mark_stopping(stop, status))
    try:
        await worker.run(stop, grace=grace)
    except StageStopped:
        _end_at_once(STOPPED)  # what does not move would not let go of the event loop either
    finally:
        marking.cancel()


async def _mark_stopping(stop: asyncio.Event, status: Status) -> None:
    await stop.wait()
    status.phase = "stopping"


@asynccontextmanager
async def _resources(
    settings: ServiceSettings, status: Status
) -> AsyncIterator[tuple[Callable[[str, Sequence[Stage[Any]]], Worker], Resources]]:
    store = ObjectStore.open(settings.object_store_url)
    redis, registry = connect(settings.redis_url), status.registry
    status.checks |= {"redis": redis.ping, "object_store": lambda: store.exists(PROBE)}
    await until_answered(store.check)
    await _check_redis(redis)

    def worker(name: str, stages: Sequence[Stage[Any]]) -> Worker:
        return Worker(redis, store, stages, service=name, lease=settings.lease, registry=registry)

    try:
        yield (
            worker,
            Resources(store=store, cache=RedisCache(redis), engine=_measured_children(registry), registry=registry),
        )
    finally:
        await redis.aclose()


def _measured_children(registry: CollectorRegistry) -> OpenEngine:
    metrics = EngineMetrics(registry)

    def open_engine(
        load: Callable[[], T], *, processes: int = 1, limits: ChildLimits | None = None
    ) -> AbstractAsyncContextManager[RunningEngine[T]]:
        return child_engine(load, processes=processes, limits=limits, metrics=metrics)

    return open_engine


async def _check_redis(redis: Redis) -> None:
    """Raises `InvalidSettings` when Redis refuses the password; waits for one that does not answer yet."""
    try:
        await until_answered(redis.ping)
    except AuthenticationError as error:
        raise InvalidSettings(f"REDIS_URL has no password that Redis accepts: {error}") from error


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
