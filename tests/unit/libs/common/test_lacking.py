"""What a program says that lacks its packages."""

import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.lacking import installed_by

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("program", "file"),
    [
        ("evaluation", "evaluation/requirements.txt"),
        ("scripts.deployment", "requirements-dev.txt"),
        ("scripts.smoke", "cli/requirements.txt"),
    ],
)
def test_a_program_without_its_packages_names_the_cure_in_one_line(program: str, file: str) -> None:
    command = [sys.executable, "-E", "-S", "-m", program]  # without the packages of this environment
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "is not installed: run pip install" in ended.stderr
    assert f"-r {file}" in ended.stderr


def test_a_fault_of_our_own_is_not_taken_for_a_missing_package() -> None:
    with pytest.raises(ModuleNotFoundError), installed_by("any.txt"):
        raise ModuleNotFoundError(name="libs.common.nothing")
    with pytest.raises(ImportError), installed_by("any.txt"):
        raise ImportError(name="httpx")
