"""A service as a process, and its status pages."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.integration.line import until

LEASE = 0.4


@dataclass(frozen=True)
class ServiceProcess:
    """A running process, what it has written, and a client of its pages."""

    process: asyncio.subprocess.Process
    log_path: Path
    pages: httpx.AsyncClient

    async def says(self, path: str, code: int, status: str) -> bool:
        """Whether a page answers so."""
        answer = await self.pages.get(path)
        return (answer.status_code, answer.json()["status"]) == (code, status)


@asynccontextmanager
async def service_process(folder: Path, module: str, **variables: str) -> AsyncIterator[ServiceProcess]:
    """Start a service and wait until it listens; it is killed in the end."""
    log_path = folder / "service.log"
    process = await start(log_path, module, **variables)
    try:
        await until(lambda: asyncio.to_thread(_address, log_path), within=60)
        async with httpx.AsyncClient(base_url=_address(log_path), trust_env=False, timeout=20) as pages:
            yield ServiceProcess(process, log_path, pages)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def start(log_path: Path, module: str, **variables: str) -> asyncio.subprocess.Process:
    """Start a service on any free port of the loopback interface."""
    own = {"HOST": "127.0.0.1", "PORT": "0", "LEASE": str(LEASE), "LOG_FORMAT": "json"}
    with log_path.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, env={**os.environ, **own, **variables}, stdout=log, stderr=log
        )


def _address(log_path: Path) -> str:
    """Where the log says that it listens; empty as long as it does not."""
    for line in log_path.read_text().splitlines():
        if line.startswith("{") and line.endswith("}") and "address" in (said := json.loads(line)):
            return str(said["address"])
    return ""
