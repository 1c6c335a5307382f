"""What tests share: real Redis, real Postgres with a fresh database per test, and a real object store."""

import importlib.util
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import settings
from redis.asyncio import Redis

from libs.common.storage import ObjectStore
from libs.common.streams.connection import connect
from services.gateway import migrate
from tests.object_stores import Bucket, MotoServer, RcloneServer, moto_server, rclone_server
from tests.servers import postgres_server, redis_server

settings.register_profile("patient", settings(), deadline=None)  # an example is not slow because the machine paused
settings.load_profile("patient")

_WITHOUT_TORCH = [] if importlib.util.find_spec("torch") else ["with_torch"]
"""`make test` runs them in an environment of their own."""

collect_ignore = _WITHOUT_TORCH + (
    []
    if importlib.util.find_spec("meeteval") and importlib.util.find_spec("pyannote")
    else [f"unit/evaluation/test_{name}.py" for name in ("diarization", "scoring", "transcription")]
)
"""Tests of what only evaluation/requirements.txt has, part of which needs a compiler."""


def pytest_configure() -> None:
    """What a script starts in the background ignores Ctrl-C, and so would all that a test starts and then stops."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
async def redis(shared_redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis, configured as in the services; keys and values are text."""
    async with connect(shared_redis_url) as client:
        await client.flushall()
        yield client


@pytest.fixture
def redis_url(shared_redis_url: str, redis: Redis) -> str:
    """The address of the same empty Redis."""
    return shared_redis_url


@pytest.fixture(scope="session")
def shared_postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def template_database(shared_postgres_url: str) -> Iterator[str]:
    """Name of a migrated database that tests copy, which is quicker than migrating."""
    name = f"template_{secrets.token_hex(6)}"
    with psycopg.connect(shared_postgres_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        migrate.apply(_database(shared_postgres_url, name))
        yield name
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url(shared_postgres_url: str, template_database: str) -> Iterator[str]:
    """The address of a fresh database with the newest schema."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(shared_postgres_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
        yield _database(shared_postgres_url, name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_postgres_url(shared_postgres_url: str) -> Iterator[str]:
    """The address of a database without any table."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(shared_postgres_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield _database(shared_postgres_url, name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty object store in a folder of its own."""
    folder = tmp_path / "objects"
    folder.mkdir()
    return ObjectStore.open(folder.as_uri())


@pytest.fixture(scope="session")
def shared_moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with moto_server(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def shared_rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneServer]:
    with rclone_server(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def bucket(shared_moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket whose store keeps put-if-absent; this process's environment leads to it."""
    return _reachable(shared_moto.new_bucket(), monkeypatch)


@pytest.fixture
def strict_bucket(shared_rclone: RcloneServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket whose store checks keys, but ignores put-if-absent; the environment leads to it."""
    return _reachable(shared_rclone.new_bucket(), monkeypatch)


def _reachable(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return bucket


def _database(server_url: str, name: str) -> str:
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
