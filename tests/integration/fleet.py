"""Workers as processes, of this release and of earlier ones."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redis.asyncio import Redis

from chaos.releases import ROOT, unpack_release
from libs.common.streams.scripts import Scripts

ReleaseName = Literal["first", "last", "this"]

LEASE = 1.0
_ENDS_WITHIN = 10.0


@dataclass(frozen=True)
class RunningWorker:
    """One service as a process."""

    process: subprocess.Popen[bytes]
    log_path: Path

    async def has_said(self, text: str) -> bool:
        """Whether its log has this text."""
        return text in self.log_path.read_text(errors="replace")

    def stop(self) -> None:
        """As an operator's `kill -STOP`; what it has started goes on."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Fleet:
    """Starts workers; none outlives the fleet."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        releases = folder / "releases"
        self._trees = {"first": unpack_release(releases, "0.1.0"), "last": unpack_release(releases), "this": ROOT}
        self._stack = ExitStack()
        (folder / "marks").mkdir()

    @contextmanager
    def running(self) -> Iterator["Fleet"]:
        """Workers can be started while the block runs."""
        with self._stack:
            yield self

    def start(self, service: str, release: ReleaseName, *, redis_url: str) -> RunningWorker:
        """Start a worker, without waiting until it takes work."""
        log_path = self._folder / f"{service}-{release}.log"
        environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            **self._environment,
            "REDIS_URL": redis_url,
            "LEASE": str(LEASE),
            "HOST": "127.0.0.1",
            "PORT": "0",
            "CHAOS_MARKS": str(self._folder / "marks"),
        }
        command = [sys.executable, "-m", f"chaos.services.{service}"]
        with log_path.open("ab") as log:
            process = subprocess.Popen(command, cwd=self._trees[release], env=environment, stdout=log, stderr=log)
        self._stack.callback(_end, process)
        return RunningWorker(process, log_path)

    def settle_mark(self, redis: Redis, release: ReleaseName) -> bytes:
        """What the wire shows when a worker of that release settles."""
        if release == "this":
            return Scripts(redis).settle.sha.encode()
        script = self._trees[release] / "libs/common/streams/scripts/settle.lua"
        return hashlib.sha1(script.read_bytes(), usedforsecurity=False).hexdigest().encode()


def other(release: ReleaseName) -> ReleaseName:
    """The one that shares the streams with it."""
    return "this" if release == "last" else "last"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(_ENDS_WITHIN)
