"""The store as a process, as the harness starts and tells it."""

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from chaos.store.faults import CONTROL, StoreFaults, StoreState
from chaos.store.s3 import BUCKET
from cli.local.child import free_port, start_child, stop_child, wait_until

_ROOT = Path(__file__).parents[2]
_PREFIX = "objects"


class StoreServer:
    """One store that begins empty; it dies with this process."""

    def __init__(self, folder: Path, *, seed: int = 0) -> None:
        """`folder` is where it writes its log."""
        self._folder = folder
        self._seed = seed
        self._port = free_port()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What a service needs to use it."""
        return {
            "OBJECT_STORE_URL": f"s3://{BUCKET}/{_PREFIX}",
            "AWS_ENDPOINT": f"http://127.0.0.1:{self._port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "hansard",
            "AWS_SECRET_ACCESS_KEY": "hansard",
        }

    @property
    def is_alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self._folder / "store.log"
        command = [sys.executable, "-m", "chaos.store", str(self._port), str(self._seed)]
        with log.open("ab") as output:
            self._child = start_child(command, death_signal=signal.SIGKILL, output=output, folder=_ROOT)
        wait_until(self._answers, self._child, timeout=60, log=log)

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, signal.SIGTERM, grace=5)

    def suffer(self, faults: StoreFaults) -> None:
        """From now on this goes wrong, and nothing else."""
        self._ask("PUT", faults.model_dump_json().encode())

    def state(self) -> StoreState:
        """What has gone wrong so far, and what is stored."""
        return StoreState.model_validate_json(self._ask("GET"))

    def _answers(self) -> bool:
        try:
            self.state()
        except OSError:
            return False
        return True

    def _ask(self, method: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{CONTROL}", body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
            return bytes(answer.read())
