"""The pins: one version per package everywhere, and nothing heavy in the local profile."""

import ast
import re
import sys
from collections.abc import Iterator, Set
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[\w+\])?==(\S+)")


def _pins(path: Path) -> Iterator[tuple[str, str]]:
    """Name and version of every line, also of the files that it includes."""
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            yield from _pins(path.parent / line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            pin = PIN.fullmatch(line)
            assert pin is not None, f"{path.relative_to(ROOT)}: {line} is not pinned to one version"
            yield _normal(pin[1]), pin[2]


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _imports(file: Path) -> Iterator[str]:
    """The modules that a file imports as soon as it is imported itself."""
    for statement in ast.parse(file.read_text()).body:
        if isinstance(statement, ast.Import):
            yield from (one.name for one in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield from (statement.module, *(f"{statement.module}.{one.name}" for one in statement.names))


def _files(module: str) -> Iterator[Path]:
    """Those that an import of one of our modules runs: its own, and those of the packages around it."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        place = ROOT.joinpath(*parts[:length])
        yield from (one for one in (place / "__init__.py", place.with_suffix(".py")) if one.is_file())


def _needed(module: str) -> Set[str]:
    """The modules of others that an import of one of ours needs, through all of ours."""
    waiting, seen, others = [*_files(module)], set[Path](), set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in _imports(file):
            top = name.partition(".")[0]
            if (ROOT / top).is_dir():
                waiting += _files(name)
            elif top not in sys.stdlib_module_names:
                others.add(top)
    return others


@pytest.fixture
def tested_together() -> dict[str, str]:
    return dict(_pins(ROOT / "constraints.txt"))


@pytest.mark.parametrize("name", ["requirements-local.txt", "requirements-dev.txt"])
def test_every_requirement_has_the_version_that_was_tested(name: str, tested_together: dict[str, str]) -> None:
    wanted = dict(_pins(ROOT / name))
    assert wanted == {package: tested_together.get(package) for package in wanted}


def test_the_local_profile_needs_no_torch_and_no_cuda(tested_together: dict[str, str]) -> None:
    assert not [name for name in tested_together if name in {"torch", "torchaudio"} or name.startswith("nvidia")]


def test_torch_and_pyannote_have_the_versions_that_were_tested(tested_together: dict[str, str]) -> None:
    tested = tested_together | dict(_pins(ROOT / "services/diarizer/constraints-pyannote.txt"))
    wanted = dict(_pins(ROOT / "services/diarizer/requirements-pyannote.txt"))
    assert wanted == {package: tested.get(package) for package in wanted}


@pytest.mark.parametrize("service", ["gateway", "normalizer", "diarizer", "transcriber", "summarizer"])
def test_the_local_profile_has_what_each_service_needs(service: str) -> None:
    local = set(_pins(ROOT / "requirements-local.txt"))
    assert set(_pins(ROOT / "services" / service / "requirements.txt")) <= local


@pytest.mark.parametrize("module", ["cli.__main__", "cli.app"])
def test_the_program_alone_has_what_it_imports_when_it_starts(module: str) -> None:
    pinned = {package for package, _ in _pins(ROOT / "cli" / "requirements.txt")}
    brought = {
        _normal(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for package in pinned for one in requires(package) or ()
    }
    owners = packages_distributions()
    lacking = [one for one in _needed(module) if not {_normal(name) for name in owners[one]} & (pinned | brought)]
    assert lacking == []
