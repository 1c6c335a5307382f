"""Real servers for tests: those the environment names, else containers, else the embedded ones."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _has_docker() -> bool:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=5)
        client.ping()
        client.close()
    except DockerException:
        return False
    return True


@contextmanager
def redis_server() -> Iterator[str]:
    """URL of an empty Redis, for as long as the context lasts."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
    elif _has_docker():
        from testcontainers.redis import RedisContainer

        with RedisContainer("redis:7-alpine") as container:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"
    else:
        from cli.local.redis_server import RedisServer

        with tempfile.TemporaryDirectory() as folder:
            server = RedisServer(Path(folder))
            server.start()
            yield server.url
            server.stop()


@contextmanager
def postgres_server() -> Iterator[str]:
    """URL of a Postgres whose user may create databases, for as long as the context lasts."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
    elif _has_docker():
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer("postgres:17-alpine", driver=None) as container:
            yield container.get_connection_url()
    else:
        from cli.local.postgres_server import PostgresServer

        with tempfile.TemporaryDirectory() as folder:
            server = PostgresServer(Path(folder), {"fsync": "off"})
            server.start()
            yield server.url
            server.stop()
