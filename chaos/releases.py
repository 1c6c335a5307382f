"""The workers of earlier releases, with the engines of the harness."""

import shutil
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PREVIOUS = "0.3.0"

_SNAPSHOTS = ROOT / "tests" / "releases"
_ENGINES = ("__init__.py", "inscription.py", "instruction.py", "misbehaviour.py", "speech.py", "tones.py", "services")
"""What the test services consist of, for a snapshot that has none of its own."""


def unpack_release(folder: Path, release: str = PREVIOUS) -> Path:
    """The folder in which `python -m chaos.services.<name>` runs the services of that release.

    No PYTHONPATH may lead to another release.
    """
    target = folder / release
    with tarfile.open(_SNAPSHOTS / f"{release}.tar.gz") as snapshot:
        snapshot.extractall(target, filter="data")
    if not (target / "chaos").is_dir():
        _add_engines(target / "chaos")
    return target


def _add_engines(folder: Path) -> None:
    folder.mkdir()
    for name in _ENGINES:
        source = ROOT / "chaos" / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
