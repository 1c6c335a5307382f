"""A whole Hansard under test: servers, object store, two gateways, and two processes of each service."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from chaos import timing
from chaos.proxy import Proxy
from chaos.releases import unpack_release
from chaos.servers import Servers
from chaos.supervisor import Program, Supervisor
from cli.local.child import free_port
from libs.common.storage import ObjectStore

ROOT = Path(__file__).parents[1]
SERVICES = ("normalizer", "diarizer", "transcriber", "summarizer")
FAMILIES = ("gateway", *SERVICES)
_INSTANCES = 2
_READY_WITHIN = 60.0
_ENGINE_MEMORY_MB = "400"
_SHOWN_VARIABLES = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Hansard:
    """Everything that faults are done to, and where it can be looked at."""

    folder: Path
    servers: Servers
    proxy: Proxy
    """Between all programs and Redis."""

    supervisor: Supervisor
    store: ObjectStore
    gateways: tuple[str, ...]
    """Addresses."""

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        """The temporary folder of all programs of this release."""
        return self.folder / "tmp"


@asynccontextmanager
async def running_hansard(folder: Path, *, with_previous: bool) -> AsyncIterator[Hansard]:
    """Start everything, wait until it is ready, and end it, whatever happens.

    `with_previous`: half of the workers are of the release before, as in a deployment.
    """
    for name in ("logs", "tmp", "tmp-previous", "marks"):
        (folder / name).mkdir(parents=True)
    ports = [free_port() for _ in range(_INSTANCES)]
    async with AsyncExitStack() as stack:
        servers = Servers(folder)
        stack.push_async_callback(servers.stop)
        await servers.start()
        address = urlsplit(servers.redis_url)
        proxy = await stack.enter_async_context(Proxy("127.0.0.1", address.port or 0).running())
        redis_url = address._replace(netloc=f":{address.password}@127.0.0.1:{proxy.port}").geturl()
        environment = _environment(folder, servers, redis_url)
        await asyncio.to_thread(_migrate, environment)
        supervisor = Supervisor(folder / "logs")
        stack.push_async_callback(supervisor.stop)
        for program in (*_gateways(environment, ports), *_workers(folder, environment, with_previous=with_previous)):
            supervisor.keep(program)
        hansard = Hansard(
            folder=folder,
            servers=servers,
            proxy=proxy,
            supervisor=supervisor,
            store=servers.store(),
            gateways=tuple(f"http://127.0.0.1:{port}" for port in ports),
        )
        await _wait_ready(hansard)
        yield hansard


def _environment(folder: Path, servers: Servers, redis_url: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _SHOWN_VARIABLES if name in os.environ}
    return {
        **kept,
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        "PORT": "0",
        "TMPDIR": str(folder / "tmp"),
        "REDIS_URL": redis_url,
        "POSTGRES_URL": servers.postgres_url,
        **servers.store_environment,
        "POSTGRES_CONNECTIONS": "10",
        "LEASE": str(timing.LEASE),
        "GRACE": str(timing.GRACE),
        "RECONCILE_AGE": str(timing.RECONCILE_AGE),
        "RECONCILE_PERIOD": str(timing.RECONCILE_PERIOD),
        "SWEEP_AGE": str(timing.SWEEP_AGE),
        "UPLOAD_AGE": str(timing.UPLOAD_AGE),
        "STALL_LIMIT": str(timing.STALL_LIMIT),
        "ENGINE_MEMORY_MB": _ENGINE_MEMORY_MB,
        "CHAOS_WORK": str(timing.WORK),
        "CHAOS_MARKS": str(folder / "marks"),
    }


def _migrate(environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "services.gateway", "migrate"]
    subprocess.run(command, env=dict(environment), cwd=ROOT, check=True, capture_output=True)


def _gateways(environment: Mapping[str, str], ports: list[int]) -> list[Program]:
    return [
        Program(
            name=f"gateway-{number}",
            family="gateway",
            command=[sys.executable, "-m", "services.gateway"],
            environment={**environment, "PORT": str(port)},
            folder=ROOT,
        )
        for number, port in enumerate(ports, 1)
    ]


def _workers(folder: Path, environment: Mapping[str, str], *, with_previous: bool) -> list[Program]:
    second = ("2", ROOT, environment)
    if with_previous:
        own = {**environment, "TMPDIR": str(folder / "tmp-previous")}
        second = ("previous", unpack_release(folder / "releases"), own)
    return [
        Program(
            name=f"{service}-{name}",
            family=service,
            command=[sys.executable, "-m", f"chaos.services.{service}"],
            environment=own,
            folder=tree,
        )
        for service in SERVICES
        for name, tree, own in (("1", ROOT, environment), second)
    ]


async def _wait_ready(hansard: Hansard) -> None:
    """Until every gateway answers and sees a worker of every stage."""
    async with httpx.AsyncClient(timeout=5) as client, asyncio.timeout(_READY_WITHIN):
        for gateway in hansard.gateways:
            while not await _is_healthy(client, gateway):  # noqa: ASYNC110 - another process becomes ready
                await asyncio.sleep(0.1)


async def _is_healthy(client: httpx.AsyncClient, gateway: str) -> bool:
    try:
        return bool((await client.get(f"{gateway}/health")).json()["status"] == "ok")
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def new_folder(within: Path | None) -> Path:
    """Where a run keeps everything."""
    return Path(tempfile.mkdtemp(prefix="hansard-chaos-", dir=within))
