"""`hansard up`: everything on this machine, in the foreground."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from rich.console import Console
from rich.text import Text

from cli.errors import CommandFailed, ServiceRefused
from cli.local.engines import ROOT, Engines, choose_engines
from cli.local.home import claimed
from cli.local.postgres_server import PostgresServer
from cli.local.profile import SERVICES, programs, service_command, service_environment
from cli.local.readiness import until_ready
from cli.local.redis_server import RedisServer
from cli.local.supervisor import Say, Server, Supervisor
from cli.options import DEFAULT_GATEWAY
from cli.settings import LocalSettings
from libs.common.service import REFUSED

_COLORS = {
    "gateway": "cyan",
    "normalizer": "yellow",
    "diarizer": "green",
    "transcriber": "magenta",
    "summarizer": "blue",
}


def up(settings: LocalSettings, console: Console) -> None:
    """Start servers and services and stay until a signal ends them.

    Raises:
        CommandFailed: Something that is needed cannot be had; nothing is left running.
    """
    _check_port(settings)
    _check_postgres(settings)
    with claimed(settings.home):
        console.print(f"Starting Hansard in {settings.home} …", soft_wrap=True)
        engines = choose_engines(settings)
        for note in engines.notes:
            console.print(f"Note: {note}.", markup=False, soft_wrap=True)
        if (elsewhere := address_to_export(settings)) is not None:
            console.print(f"In another terminal: export HANSARD_GATEWAY={elsewhere}", markup=False, soft_wrap=True)
        with _servers(settings) as servers:
            _run(settings, engines, servers, console)


def address_to_export(settings: LocalSettings) -> str | None:
    """The gateway's address as the other commands reach it; `None` where they look without being told."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    address = f"http://{host}:{settings.port}"
    return None if address == DEFAULT_GATEWAY else address


@contextmanager
def _servers(settings: LocalSettings) -> Iterator[dict[str, Server]]:
    """The embedded servers that the settings leave to us, started."""
    servers: dict[str, Server] = {}
    try:
        if settings.redis_url is None:
            servers["redis"] = redis = RedisServer(settings.home / "redis")
            redis.start()
        if settings.postgres_url is None:
            servers["postgres"] = postgres = PostgresServer(settings.home / "postgres")
            postgres.start()
        yield servers
    finally:
        for server in servers.values():
            server.stop()


def _run(settings: LocalSettings, engines: Engines, servers: dict[str, Server], console: Console) -> None:
    redis_url = settings.redis_url or servers["redis"].url
    postgres_url = settings.postgres_url or servers["postgres"].url

    def say(name: str, line: str) -> None:
        console.print(Text(f"{name:>11} │ ", style=_COLORS.get(name, "white")), Text.from_ansi(line), soft_wrap=True)

    _migrate(service_environment(settings, engines, redis_url=redis_url, postgres_url=postgres_url), say)
    services = programs(settings, engines, redis_url=redis_url, postgres_url=postgres_url)
    supervisor = Supervisor(services, servers, say, grace=settings.grace)
    asyncio.run(_supervise(supervisor, settings, engines, console))
    console.print("Hansard has stopped; what was accepted goes on at the next start.")


def _migrate(environment: Mapping[str, str], say: Say) -> None:
    migrated = subprocess.run(
        service_command("gateway", "migrate"),
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = migrated.stdout.splitlines()
    for line in lines:
        say("gateway", line)
    if migrated.returncode == REFUSED:
        raise ServiceRefused(lines[-1])
    if migrated.returncode != 0:
        raise CommandFailed("the database could not be migrated; the reason is above")


async def _supervise(supervisor: Supervisor, settings: LocalSettings, engines: Engines, console: Console) -> None:
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            supervisor.kill()
        else:
            console.print("Stopping … (once more to stop at once)")
            greeting.cancel()
            stop.set()

    greeting = asyncio.create_task(_greet(supervisor, settings, engines, console))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    try:
        await supervisor.run(stop)
    finally:
        greeting.cancel()


async def _greet(supervisor: Supervisor, settings: LocalSettings, engines: Engines, console: Console) -> None:
    """Say where to go as soon as the gateway takes requests and the workers have loaded their engines."""

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    await until_ready(SERVICES, supervisor.pid, tell)
    url = f"http://{settings.host}:{settings.port}"
    console.print(
        f"Hansard is ready and takes recordings at {url} (API: {url}/docs). "
        f"Engines: diarization {engines.diarizer}, transcription {engines.transcriber}, minutes {engines.summarizer}. "
        "Ctrl-C stops it.",
        soft_wrap=True,
    )


def _check_port(settings: LocalSettings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CommandFailed(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Set PORT to a free one"
            ) from error


def _check_postgres(settings: LocalSettings) -> None:
    """One that the environment names has to answer now: nothing here can start it."""
    if settings.postgres_url is None:
        return
    if not settings.postgres_url.startswith(("postgresql://", "postgres://")):
        raise CommandFailed("POSTGRES_URL has to look like postgresql://user:password@host:5432/database")
    try:
        psycopg.connect(settings.postgres_url, connect_timeout=10).close()
    except psycopg.Error as error:
        reason = str(error).strip().partition("\n")[0]
        raise CommandFailed(f"POSTGRES_URL names no Postgres that can be used: {reason}") from error
