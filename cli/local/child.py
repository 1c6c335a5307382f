"""Programs that run as children of this process and never outlive it."""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from cli.errors import ServerNotStarted

_PR_SET_PDEATHSIG = 1

_NEVER_BY_CHANCE = range(20_000, 32_000)
"""Below the ports that a kernel gives to whoever names none: 32768 and above on Linux, 49152 and above elsewhere."""


def bind_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program, so that the kernel sends it `death_signal` when this process dies.

    The kernel watches the thread that starts the child, so start children in the main thread. Only Linux can do it.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), death_signal)

    return bind


def start_child(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    output: int | IO[bytes],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C at the terminal reaches only this process."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        start_new_session=True,
        preexec_fn=bind_to_parent(death_signal),  # noqa: PLW1509  # started from the main thread, before others exist
    )


def stop_child(child: subprocess.Popen[bytes], stop_signal: signal.Signals, *, grace: float) -> None:
    """Ask a child to end, and kill it if it has not within `grace` seconds."""
    if child.poll() is None:
        child.send_signal(stop_signal)
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def stop_leftover(pid_file: Path, program: str, *, grace: float = 10.0) -> None:
    """Wait for a server that an earlier, killed parent left behind to end, and kill it if it does not.

    Args:
        pid_file: Where the server wrote its process id, on the first line.
        program: The server's program name; a process that has got the same id since is left alone.
        grace: Seconds to wait before killing.
    """
    try:
        leftover = psutil.Process(int(pid_file.read_text().split()[0]))
        if leftover.name() != program:
            return
        leftover.send_signal(signal.SIGINT)
        leftover.wait(grace)
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return
    except psutil.TimeoutExpired:
        with suppress(psutil.NoSuchProcess):
            leftover.kill()
            leftover.wait(grace)


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses, and that no program gets by chance before it is bound.

    Raises:
        ServerNotStarted: All that were tried are in use.
    """
    for _ in range(100):
        port = secrets.choice(_NEVER_BY_CHANCE)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerNotStarted("no free port was found; end programs that listen on this machine")


def wait_until(is_ready: Callable[[], bool], child: subprocess.Popen[bytes], *, timeout: float, log: Path) -> None:
    """Wait for a server to answer.

    Raises:
        ServerNotStarted: It ended, or did not answer within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and child.poll() is None:
        if is_ready():
            return
        time.sleep(0.02)
    raise ServerNotStarted(f"an embedded server did not start; its log is {log}")
