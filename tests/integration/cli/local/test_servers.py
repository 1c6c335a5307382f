"""The embedded servers: they keep their data, and neither outlives its parent nor trips over a killed one."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis, RedisError

from cli.local.postgres_server import PostgresServer
from cli.local.redis_server import RedisServer
from tests.processes import left_alive, processes_of

ROOT = Path(__file__).parents[4]


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_server(tmp_path: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


def test_redis_keeps_what_it_answered_for(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.set("key", "value")
    redis_server.stop()
    assert not redis_server.is_alive
    redis_server.start()
    with Redis.from_url(redis_server.url) as client:
        assert client.get("key") == b"value"


def test_redis_never_throws_entries_out(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_postgres_keeps_what_it_committed(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url) as connection:
        connection.execute("CREATE TABLE kept ()")
    postgres_server.stop()
    assert not postgres_server.is_alive
    postgres_server.start()
    with psycopg.connect(postgres_server.url) as connection:
        connection.execute("SELECT * FROM kept")


def test_servers_ask_for_a_password(redis_server: RedisServer, postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(_without_password(postgres_server.url))
    with (
        Redis.from_url(_without_password(redis_server.url)) as client,
        pytest.raises(RedisError, match="authenticated"),
    ):
        client.ping()


def test_servers_of_a_killed_parent_end_and_their_folders_can_be_used_again(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        import psutil, psycopg
        from redis import Redis
        from cli.local.postgres_server import PostgresServer
        from cli.local.redis_server import RedisServer
        redis, postgres = RedisServer(Path(sys.argv[1]) / "redis"), PostgresServer(Path(sys.argv[1]) / "postgres")
        redis.start()
        postgres.start()
        Redis.from_url(redis.url).set("key", "value")
        psycopg.connect(postgres.url, autocommit=True).execute("CREATE TABLE kept ()")
        print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
        os.kill(os.getpid(), 9)
    """)
    killed = subprocess.run([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, cwd=ROOT, check=False)
    left_over = processes_of(map(int, killed.stdout.split()))

    redis, postgres = RedisServer(tmp_path / "redis"), PostgresServer(tmp_path / "postgres")
    try:
        redis.start()
        postgres.start()
        with Redis.from_url(redis.url) as client:
            assert client.get("key") == b"value"
        with psycopg.connect(postgres.url) as connection:
            connection.execute("SELECT * FROM kept")
        assert left_alive(left_over, after=20) == []
    finally:
        redis.stop()
        postgres.stop()


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    user, _, address = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}@{address}".replace("//@", "//")
