"""A home that is gone afterwards, even if a later start has to remove it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_PREFIX = "hansard-demo-"
_OWNER = "demo.pid"
_PID_FILES = (_OWNER, "lock")
"""Who made the folder, and the `hansard up` that works in it."""


@contextmanager
def temporary_home(within: Path | None = None) -> Iterator[Path]:
    """A new folder in `within`, by default the system's temporary one; leftovers of killed processes go first."""
    _remove_leftovers(within or Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=within))
    (folder / _OWNER).write_text(str(os.getpid()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        if _is_ours(folder) and not any(_is_in_use(folder / name) for name in _PID_FILES):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """A folder that this user's demo has made, and no link to somewhere else."""
    try:
        owner = folder.lstat().st_uid
    except OSError:
        return False
    return owner == os.geteuid() and not folder.is_symlink() and (folder / _OWNER).is_file()


def _is_in_use(pid_file: Path) -> bool:
    """True in doubt; a file that is not there names nobody."""
    try:
        return psutil.pid_exists(int(pid_file.read_text()))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
