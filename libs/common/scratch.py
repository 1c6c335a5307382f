"""Temporary folders that a killed process leaves behind, and the next one removes."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "hansard-scratch-"


class ScratchFolder:
    """A temporary folder that is locked while its process lives: the kernel lets go of the lock, whatever ends it."""

    def __init__(self, within: Path | None = None) -> None:
        """`within`: the folder to make it in; the system's temporary folder by default."""
        made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=within))
        lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._lock: int | None = lock
        # Only under this name is it looked for, so nobody finds it before it is locked.
        self.path = made.rename(made.with_name(made.name.removeprefix(".")))
        atexit.register(self.cleanup)

    def cleanup(self) -> None:
        """Remove it with all that is in it; any number of times."""
        # A second close would hit whatever has got the same number since, such as a connection.
        lock, self._lock = self._lock, None
        if lock is None:
            return
        atexit.unregister(self.cleanup)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(lock)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder until the block ends."""
    folder = ScratchFolder()
    try:
        yield folder.path
    finally:
        folder.cleanup()


def remove_abandoned(within: Path | None = None) -> int:
    """Remove this user's scratch folders whose process is gone, and say how many."""
    return sum(_removed(one) for one in (within or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"))


def _removed(folder: Path) -> bool:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        if os.fstat(lock).st_uid != os.getuid():
            return False
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
