"""The servers under load: real ones on the loopback interface, each in a process of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.local.child import free_port, start_child, stop_child
from cli.local.postgres_server import PostgresServer
from cli.local.redis_server import RedisServer
from scripts.bench_load.bare import FORM, RAW

ROOT = Path(__file__).parents[2]

_GRACE = 20.0
_START = 60.0


@dataclass(frozen=True)
class Target:
    """A handler that uploads go to."""

    name: str
    port: int
    path: str
    process: psutil.Process
    folder: Path
    """Where it brings them."""

    def empty(self) -> None:
        """Remove what it has stored, so that the disk is as before."""
        for one in self.folder.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()

    def processor_seconds(self) -> float:
        """What the process took since it began."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True)
class Stand:
    """All that a part of the benchmark needs."""

    gateway: Target
    raw: Target
    form: Target
    postgres_url: str

    @property
    def targets(self) -> tuple[Target, ...]:
        """The one that the others are compared with comes first."""
        return self.raw, self.gateway, self.form


@contextmanager
def stand(folder: Path) -> Iterator[Stand]:
    """Everything, until the block ends; the stores lie side by side in `folder`."""
    redis, postgres = RedisServer(folder / "redis"), PostgresServer(folder / "postgres")
    redis.start()
    try:
        postgres.start()
        try:
            with _programs(folder, redis.url, postgres.url) as made:
                yield made
        finally:
            postgres.stop()
    finally:
        redis.stop()


@contextmanager
def _programs(folder: Path, redis_url: str, postgres_url: str) -> Iterator[Stand]:
    objects, files = folder / "objects", folder / "files"
    objects.mkdir()
    files.mkdir()
    environment = {
        **os.environ,
        "REDIS_URL": redis_url,
        "POSTGRES_URL": postgres_url,
        "OBJECT_STORE_URL": objects.as_uri(),
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "MAX_UPLOAD_BYTES": str(64 * 1024**3),
        "BACKLOG_LIMIT": "0",  # nobody works here, so that uploads alone are measured
        "RECONCILE_PERIOD": "3600",
        "LOG_LEVEL": "warning",
    }
    gateway = [sys.executable, "-m", "services.gateway"]
    subprocess.run([*gateway, "migrate"], cwd=ROOT, env=environment, check=True, capture_output=True)
    port, bare_port = int(environment["PORT"]), free_port()
    bare = [sys.executable, "-m", "scripts.bench_load.bare", str(files), str(bare_port)]
    with (
        _served(gateway, environment, folder / "gateway.log", port) as ours,
        _served(bare, environment, folder / "bare.log", bare_port) as theirs,
    ):
        yield Stand(
            gateway=Target("Hansard", port, "/api/meetings/process", ours, objects),
            raw=Target("bare, raw body", bare_port, RAW, theirs, files),
            form=Target("bare, UploadFile", bare_port, FORM, theirs, files),
            postgres_url=postgres_url,
        )


@contextmanager
def _served(command: Sequence[str], environment: Mapping[str, str], log: Path, port: int) -> Iterator[psutil.Process]:
    with log.open("wb") as output:
        child = start_child(command, death_signal=signal.SIGTERM, output=output, environment=environment, folder=ROOT)
        try:
            _wait(child, port, log)
            yield psutil.Process(child.pid)
        finally:
            stop_child(child, signal.SIGTERM, grace=_GRACE)


def _wait(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"a server did not come up: {log.read_text()[-2000:]}")
