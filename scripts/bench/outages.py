"""Recovery where the whole of Hansard is needed: a Redis that has forgotten what waits, and a gateway that is gone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from chaos import inputs
from cli.local.child import free_port
from cli.local.postgres_server import PostgresServer
from cli.local.redis_server import RedisServer
from libs.common.events import SpeechDiarized
from libs.common.outcome import Report
from libs.common.streams.connection import connect
from scripts.bench.watching import entries, until

ROOT = Path(__file__).parents[2]
MEETINGS = 3


@dataclass(frozen=True)
class Whole:
    """A gateway, and the servers and services behind it."""

    folder: Path
    environment: Mapping[str, str]
    redis_url: str
    client: httpx.AsyncClient
    stack: ExitStack

    def start(self, module: str) -> subprocess.Popen[bytes]:
        """Start a program that ends with the block."""
        own = {} if module == "services.gateway" else {"PORT": "0"}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, env={**self.environment, **own}, stdout=log, stderr=log
            )
        self.stack.callback(_end, process)
        return process

    async def is_ready(self) -> bool:
        """Whether the gateway takes requests."""
        return (await self.client.get("/ready")).is_success

    async def hand_in(self, number: int) -> str:
        """Hand in a meeting; its id."""
        files = {"audio": (f"{number}.{inputs.SUFFIX}", inputs.meeting(number).content)}
        answer = await self.client.post("/api/meetings/process", files=files)
        return str(answer.raise_for_status().json()["meeting_id"])

    async def is_normalized(self, meeting_id: str) -> bool:
        """Whether its next unit waits."""
        status = (await self.client.get(f"/api/meetings/{meeting_id}/status")).json()
        return bool(status["stages"]["normalize"]["status"] == "completed")


async def measure_forgotten_units(folder: Path) -> list[float]:
    """Seconds from FLUSHALL until each of some waiting units was done, less its own work."""
    with _whole(folder) as whole:
        whole.start("services.gateway")
        whole.start("chaos.services.normalizer")
        await until(whole.is_ready)
        for number in range(MEETINGS):
            meeting = await whole.hand_in(number)
            await until(partial(whole.is_normalized, meeting))
        async with connect(whole.redis_url) as redis:
            await redis.flushall()
            emptied_at = time.time()
            whole.start("chaos.services.diarizer")
            done = await until(partial(entries, redis, SpeechDiarized.stream, at_least=MEETINGS))
    return [one.at - emptied_at - Report.model_validate_json(one.fields["report"]).seconds for one in done]


async def measure_gateway(folder: Path) -> list[float]:
    """Seconds from the kill of the only gateway until it answers again, started again at once."""
    with _whole(folder) as whole:
        process, times = whole.start("services.gateway"), []
        await until(whole.is_ready)
        for _ in range(MEETINGS):
            process.kill()
            killed_at = time.monotonic()
            process.wait()
            process = whole.start("services.gateway")
            await until(whole.is_ready)
            times.append(time.monotonic() - killed_at)
        return times


@contextmanager
def _whole(folder: Path) -> Iterator[Whole]:
    for name in ("marks", "objects"):
        (folder / name).mkdir(parents=True)
    redis, postgres = RedisServer(folder / "redis"), PostgresServer(folder / "postgres", {"fsync": "off"})
    with ExitStack() as stack:
        for server in (redis, postgres):
            server.start()
            stack.callback(server.stop)
        port = free_port()
        environment = {
            **os.environ,
            "REDIS_URL": redis.url,
            "POSTGRES_URL": postgres.url,
            "OBJECT_STORE_URL": (folder / "objects").as_uri(),
            "PORT": str(port),
            "CHAOS_MARKS": str(folder / "marks"),
            "OMP_NUM_THREADS": "1",
        }
        migrate = [sys.executable, "-m", "services.gateway", "migrate"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True, capture_output=True)
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)
        yield Whole(folder, environment, redis.url, client, stack)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
