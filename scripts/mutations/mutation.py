"""A guard, the text that removes it, and the tests that must then fail."""

import ast
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_GUARDS = Path(__file__).parent / "guards"


class Misfit(Exception):
    """A mutation is not about the tree as it is."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One change to one file, which breaks one guarantee."""

    name: str
    guarantee: str
    file: str
    """From the root of the repository, as are the tests."""

    old: str
    new: str
    tests: tuple[str, ...]
    """All of them must fail."""

    def apply(self, root: Path) -> None:
        """Remove the guard from the tree at `root`.

        Raises:
            Misfit: The text is not there exactly once.
        """
        path = root / self.file
        path.write_text(self._changed(path.read_text("utf-8")), "utf-8")

    def check(self, root: Path) -> None:
        """See that the mutation is still about this tree.

        Raises:
            Misfit: Its text is not there exactly once, what is left is no Python, or a test of it is not there.
        """
        changed = self._changed((root / self.file).read_text("utf-8"))
        if self.file.endswith(".py"):
            self._check_syntax(changed)
        for test in self.tests:
            path, _, function = test.partition("::")
            if f"def {function}(" not in (root / path).read_text("utf-8"):
                raise Misfit(f"{self.name}: there is no {test}")

    def _check_syntax(self, changed: str) -> None:
        try:
            ast.parse(changed)
        except SyntaxError as error:
            raise Misfit(f"{self.name}: without it, line {error.lineno} of {self.file} is no Python") from error

    def _changed(self, text: str) -> str:
        if (count := text.count(self.old)) != 1:
            raise Misfit(f"{self.name}: its text is {count} times in {self.file}, not once")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Area:
    """The guards of one part of the system."""

    title: str
    mutations: tuple[Mutation, ...]


def load_areas() -> list[Area]:
    """All guards.

    Raises:
        Misfit: Two have the same name.
    """
    areas = [_area(path) for path in sorted(_GUARDS.glob("*.toml"))]
    names = Counter(one.name for area in areas for one in area.mutations)
    repeated = [name for name, count in names.items() if count > 1]
    if repeated:
        raise Misfit(f"names that are not unique: {', '.join(repeated)}")
    return areas


def load_mutations() -> list[Mutation]:
    """Those of all areas, in order."""
    return [one for area in load_areas() for one in area.mutations]


def _area(path: Path) -> Area:
    content = tomllib.loads(path.read_text("utf-8"))
    mutations = (Mutation(**one | {"tests": tuple(one["tests"])}) for one in content["mutation"])
    return Area(content["title"], tuple(mutations))
