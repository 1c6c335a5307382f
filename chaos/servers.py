"""The servers of a run: killed and started again at their addresses, with what they had on disk, or told to fail."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg
from obstore.store import S3Store
from redis.asyncio import Redis

from chaos.store.faults import StoreFaults
from chaos.store.process import StoreServer
from cli.local.postgres_server import PostgresServer
from cli.local.redis_server import RedisServer
from libs.common.storage import ObjectStore

R = TypeVar("R")

_USER = "hansard"
_PASSWORD = "hansard"  # noqa: S105 - of a database that lives for minutes, on the loopback interface
_MAX_CONNECTIONS = 60
_CUT_BYTES = (200, 20_000)
_DIES_WITHIN = 10.0


class Servers:
    """All servers. One thread starts them: the kernel ends them together with the thread that did."""

    def __init__(self, folder: Path) -> None:
        self._redis_folder = folder / "redis"
        self._postgres_folder = folder / "postgres"
        self._redis = RedisServer(self._redis_folder)
        settings = {"fsync": "off", "max_connections": str(_MAX_CONNECTIONS)}
        self._postgres = PostgresServer(self._postgres_folder, settings)
        self._store = StoreServer(folder)
        self._thread = ThreadPoolExecutor(max_workers=1)
        self.redis_lock = asyncio.Lock()
        """For faults that need the server as it is; those of everything else overlap with them."""

        self.postgres_lock = asyncio.Lock()
        self.store_lock = asyncio.Lock()

    async def start(self) -> None:
        """Start them, with an empty database."""
        await self._in_thread(self._store.start)
        await self._in_thread(self._redis.start)
        await self._in_thread(self._postgres.start)
        with psycopg.connect(self.observer_url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {_USER} LOGIN PASSWORD '{_PASSWORD}'")
            connection.execute(f"CREATE DATABASE {_USER} OWNER {_USER}")

    async def stop(self) -> None:
        """End them."""
        await self._in_thread(self._redis.stop)
        await self._in_thread(self._postgres.stop)
        await self._in_thread(self._store.stop)
        self._thread.shutdown()

    @property
    def redis_url(self) -> str:
        return self._redis.url

    @property
    def postgres_url(self) -> str:
        """As the gateways use it: a role that has no reserved connections."""
        address = urlsplit(self._postgres.url)
        return f"postgresql://{_USER}:{_PASSWORD}@127.0.0.1:{address.port}/{_USER}"

    @property
    def store_environment(self) -> Mapping[str, str]:
        """What a service needs to use the object store."""
        return self._store.environment

    def store(self) -> ObjectStore:
        """The object store, as the services see it."""
        said = self.store_environment
        return ObjectStore(
            S3Store.from_url(
                said["OBJECT_STORE_URL"],
                endpoint=said["AWS_ENDPOINT"],
                region=said["AWS_REGION"],
                access_key_id=said["AWS_ACCESS_KEY_ID"],
                secret_access_key=said["AWS_SECRET_ACCESS_KEY"],
                client_options={"allow_http": True},
            )
        )

    async def suffer(self, faults: StoreFaults) -> None:
        """From now on this goes wrong with the object store, and nothing else."""
        await self._in_thread(lambda: self._store.suffer(faults))

    @property
    def observer_url(self) -> str:
        """The server's own database, as its owner: answers also while all connections are taken."""
        return self._postgres.url

    @property
    def audit_url(self) -> str:
        """The gateways' database, as the server's owner."""
        return urlsplit(self._postgres.url)._replace(path=f"/{_USER}").geturl()

    def redis(self) -> Redis:
        """A client that asks the server itself."""
        return Redis.from_url(self._redis.url, decode_responses=True)

    async def kill_redis(self, *, down_for: float) -> None:
        """As `kill -9` does, and start it again."""
        await self._end_redis()
        await asyncio.sleep(down_for)
        await self._in_thread(self._redis.start)

    async def cut_redis(self, rng: random.Random) -> int:
        """Kill it, and take away the end of its append-only file; returns how many bytes."""
        await self._end_redis()
        log = max(self._redis_folder.rglob("*.aof"), key=lambda path: path.stat().st_mtime)
        size = log.stat().st_size
        cut = min(rng.randint(*_CUT_BYTES), size // 2)
        os.truncate(log, size - cut)
        await self._in_thread(self._redis.start)
        return cut

    async def restart_postgres(self) -> None:
        """An immediate shutdown, which loses every session, and a recovery."""
        pid = int((self._postgres_folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        await _until(lambda: not self._postgres.is_alive)
        await self._in_thread(self._postgres.start)

    async def _end_redis(self) -> None:
        os.kill(int((self._redis_folder / "redis.pid").read_text()), signal.SIGKILL)
        await _until(lambda: not self._redis.is_alive)

    async def _in_thread(self, action: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, action)


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DIES_WITHIN
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("a server did not die")
        await asyncio.sleep(0.01)
