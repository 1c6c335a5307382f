"""A demo's folder, and what killed demos left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.local.temporary_home import temporary_home

ROOT = Path(__file__).parents[4]
DEMO = """
import signal, sys
from pathlib import Path
from cli.local.temporary_home import temporary_home
with temporary_home(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    signal.pause()
"""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has such a folder."""
    process = subprocess.Popen([sys.executable, "-c", DEMO, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with process:
        yield process
        process.kill()


def folder_of(demo: subprocess.Popen[str]) -> Path:
    assert demo.stdout is not None
    return Path(demo.stdout.readline().strip())


def test_the_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with temporary_home(tmp_path) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_the_folder_of_a_killed_demo_is_removed_by_the_next(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    left = folder_of(demo)
    demo.send_signal(signal.SIGKILL)
    demo.wait(20)
    assert left.is_dir()
    with temporary_home(tmp_path):
        assert not left.exists()


def test_the_folder_of_a_running_demo_is_left_alone(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    used = folder_of(demo)
    with temporary_home(tmp_path):
        assert used.is_dir()


def test_a_folder_in_which_a_start_is_still_stopping_is_left_alone(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    left = folder_of(demo)
    demo.kill()
    demo.wait(20)
    (left / "lock").write_text(str(os.getpid()))
    with temporary_home(tmp_path):
        assert left.is_dir()


def test_what_no_demo_has_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hansard-demo-notes").mkdir()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "demo.pid").write_text("999999999")
    (tmp_path / "hansard-demo-link").symlink_to(mine)
    with temporary_home(tmp_path):
        assert (tmp_path / "hansard-demo-notes").is_dir()
        assert (mine / "demo.pid").is_file()
