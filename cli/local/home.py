"""The folder that keeps the state of one local Hansard."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandFailed


@contextmanager
def claimed(home: Path) -> Iterator[None]:
    """Make the folder and keep every other `hansard up` out of it.

    Raises:
        CommandFailed: Somebody else has it, or it cannot be written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (home / "lock").open("a+")
    except OSError as error:
        raise CommandFailed(f"cannot use {home}: {error}. Set HANSARD_HOME to a folder of yours") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CommandFailed(
                f"Hansard already runs on {home} (process {lock.read().strip()}). Stop it, or set HANSARD_HOME and PORT"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
