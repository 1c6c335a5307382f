"""A demo's folder, and what killed demos left behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.local.temporary_home import temporary_home

ROOT = Path(__file__).parents[4]
DEMO = """
import signal
from cli.local.temporary_home import temporary_home
with temporary_home() as folder:
    print(folder, flush=True)
    signal.pause()
"""


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[str]]:
    """Another process that has such a folder."""
    process = subprocess.Popen([sys.executable, "-c", DEMO], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with process:
        yield process
        process.kill()


def folder_of(demo: subprocess.Popen[str]) -> Path:
    assert demo.stdout is not None
    return Path(demo.stdout.readline().strip())


def test_the_folder_is_gone_afterwards() -> None:
    with temporary_home() as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_the_folder_of_a_killed_demo_is_removed_by_the_next(demo: subprocess.Popen[str]) -> None:
    left = folder_of(demo)
    demo.send_signal(signal.SIGKILL)
    demo.wait(20)
    assert left.is_dir()
    with temporary_home():
        assert not left.exists()


def test_the_folder_of_a_running_demo_is_left_alone(demo: subprocess.Popen[str]) -> None:
    used = folder_of(demo)
    with temporary_home():
        assert used.is_dir()


def test_a_folder_in_which_a_start_is_still_stopping_is_left_alone(demo: subprocess.Popen[str]) -> None:
    left = folder_of(demo)
    demo.kill()
    demo.wait(20)
    (left / "lock").write_text(str(os.getpid()))
    with temporary_home():
        assert left.is_dir()


def test_what_no_demo_has_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hansard-demo-notes").mkdir()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "demo.pid").write_text("999999999")
    (tmp_path / "hansard-demo-link").symlink_to(mine)
    with temporary_home():
        assert (tmp_path / "hansard-demo-notes").is_dir()
        assert (mine / "demo.pid").is_file()
