"""A whole Hansard as processes, as `make up` starts it, and a person at a terminal who uses it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from redis import Redis
from rich.console import Console

from cli.answers.meetings import MeetingStatus
from cli.client import Gateway
from cli.local.child import free_port
from tests.processes import left_alive

ROOT = Path(__file__).parents[2]
SHORT = ROOT / "samples" / "short"
PLANNING = ROOT / "samples" / "planning"


class Hansard:
    """One `hansard up` on a folder of its own; can be stopped and started again."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self.home = home
        self._settings = settings
        self.port = free_port()
        self._supervisor: psutil.Popen | None = None

    @property
    def gateway(self) -> Gateway:
        return Gateway(f"http://127.0.0.1:{self.port}", Console(quiet=True))

    def start(self) -> None:
        """Start and wait until the gateway takes requests; leases are short, so that a takeover is not awaited long."""
        own = {"HANSARD_HOME": str(self.home), "PORT": str(self.port), "LEASE": "4"}
        servers = {"REDIS_URL", "POSTGRES_URL", "OBJECT_STORE_URL"}
        inherited = {name: value for name, value in os.environ.items() if name not in servers}
        environment = {**inherited, **own, **self._settings}
        with (self.home.parent / "up.log").open("ab") as log:
            self._supervisor = psutil.Popen(
                [sys.executable, "-m", "cli", "up"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        with self.gateway as gateway:
            wait_until(gateway.is_ready, timeout=90, otherwise=self.log)

    def stop(self) -> list[psutil.Process]:
        """Stop as Ctrl-C does; the processes that are left although they should not be."""
        if self._supervisor is None:
            return []
        family = self._supervisor.children(recursive=True)
        self._supervisor.send_signal(signal.SIGINT)
        self._supervisor.wait(120)
        self._supervisor = None
        return left_alive(family, after=30)

    def kill(self) -> list[psutil.Process]:
        """Kill the supervisor alone; all processes that it had started."""
        assert self._supervisor is not None
        family = self._supervisor.children(recursive=True)
        self._supervisor.kill()
        self._supervisor.wait(20)
        return family

    def service(self, name: str) -> psutil.Process:
        """The process of a service."""
        return self._child(lambda child: child.cmdline()[-1:] == [f"services.{name}"])

    def child(self, name: str) -> psutil.Process:
        """The process of a server."""
        return self._child(lambda child: child.name() == name)

    def _child(self, is_it: Callable[[psutil.Process], bool]) -> psutil.Process:
        """Waits for a process that is being started again."""
        assert self._supervisor is not None
        found: list[psutil.Process] = []

        def look() -> bool:
            with suppress(psutil.NoSuchProcess):
                found.extend(child for child in supervisor.children() if is_it(child))
            return bool(found)

        supervisor = self._supervisor
        wait_until(look, timeout=30, otherwise=self.log)
        return found[0]

    def redis(self) -> Redis:
        """A client of the embedded Redis."""
        lines = (self.home / "redis" / "redis.conf").read_text().splitlines()
        values = dict(line.split(maxsplit=1) for line in lines)
        return Redis(port=int(values["port"]), password=values["requirepass"])

    def log(self) -> str:
        """What everything has written so far."""
        return (self.home.parent / "up.log").read_text(errors="replace")


def wait_until(is_so: Callable[[], bool], *, timeout: float, otherwise: Callable[[], str]) -> None:
    """Ask until the answer is yes; past the deadline the test fails with what `otherwise` says."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.05)  # between two questions, not instead of one
    raise AssertionError(otherwise())


def wait_for_end(hansard: Hansard, gateway: Gateway, meeting_id: str, *, timeout: float = 480) -> MeetingStatus:
    """The status of a meeting once it has ended."""
    wait_until(lambda: gateway.status(meeting_id).is_final, timeout=timeout, otherwise=hansard.log)
    return gateway.status(meeting_id)


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Hansard]:
    """A Hansard that is stopped in the end, whatever happens; `settings` are variables of its environment."""
    hansard = Hansard(home, settings)
    try:
        hansard.start()
        yield hansard
    finally:
        hansard.stop()


@pytest.fixture(scope="session")
def only_hansard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hansard]:
    with running(tmp_path_factory.mktemp("hansard") / "home") as hansard:
        yield hansard


@pytest.fixture(scope="module")
def shared_hansard(only_hansard: Hansard) -> Iterator[Hansard]:
    """One for many tests; whom the tests of a module enrol and what they hand in is deleted after them."""
    yield only_hansard
    with only_hansard.gateway as gateway:
        for meeting in list(gateway.meetings()):
            gateway.delete_meeting(meeting.meeting_id)
        for speaker in list(gateway.speakers()):
            gateway.delete_speaker(speaker.speaker_id)
