"""What to install where a program lacks packages; it needs none itself."""

from collections.abc import Iterator
from contextlib import contextmanager

_OURS = frozenset({"chaos", "cli", "evaluation", "libs", "scripts", "services"})


@contextmanager
def installed_by(*files: str) -> Iterator[None]:
    """Around imports: a package that is missing ends the program with one line. Every other fault stays as it is.

    `files`: where the packages are listed, from the root of the repository.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in _OURS:
            raise
        wanted = " ".join(f"-r {file}" for file in files)
        raise SystemExit(f"{error.name} is not installed: run pip install -c constraints.txt {wanted}") from error
