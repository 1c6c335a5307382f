"""The pins: one version per package everywhere, and nothing heavy in the local profile."""

import re
from collections.abc import Iterator
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
            yield re.sub(r"[-_.]+", "-", pin[1]).lower(), pin[2]


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
