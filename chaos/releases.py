"""The workers of earlier releases, with the engines of the harness."""

import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PREVIOUS = "0.3.0"

_SNAPSHOTS = ROOT / "tests" / "releases"


def unpack_release(folder: Path, release: str = PREVIOUS) -> Path:
    """The folder in which `python -m chaos.services.<name>` runs the services of that release.

    No PYTHONPATH may lead to another release.
    """
    target = folder / release
    with tarfile.open(_SNAPSHOTS / f"{release}.tar.gz") as snapshot:
        snapshot.extractall(target, filter="data")
    return target
