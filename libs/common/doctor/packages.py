"""Whether the packages of an engine are there."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from libs.common.doctor.finding import Finding, ok, problem


def packages(engine: str, names: tuple[str, ...], cure: str) -> Iterator[Finding]:
    """Their versions, or which are missing."""
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if found:
        yield ok("engine", f"{engine}: {', '.join(found)}")
    if missing:
        yield problem("engine", f"{engine} needs {', '.join(missing)}, which is not installed", cure)
