"""Scratch folders outlive no process for long."""

import socket
import subprocess
import sys
from pathlib import Path

from libs.common.scratch import ScratchFolder, remove_abandoned

MAKE_AND_DIE = """
import os, pathlib, signal, sys
from libs.common.scratch import ScratchFolder
print(ScratchFolder(pathlib.Path(sys.argv[1])).path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE_AND_DIE, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    left = Path(ended.stdout.strip())
    assert left.is_dir()
    assert remove_abandoned(tmp_path) == 1
    assert not left.exists()


def test_a_process_that_ends_in_order_leaves_none(tmp_path: Path) -> None:
    make_and_end = MAKE_AND_DIE.replace("os.kill(os.getpid(), signal.SIGKILL)", "")
    command = [sys.executable, "-c", make_and_end, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.strip()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_stays(tmp_path: Path) -> None:
    folder = ScratchFolder(tmp_path)
    (folder.path / "object").write_text("content")
    assert remove_abandoned(tmp_path) == 0
    assert (folder.path / "object").read_text() == "content"
    folder.cleanup()
    assert not folder.path.exists()


def test_removing_a_folder_twice_closes_nothing_that_was_opened_meanwhile(tmp_path: Path) -> None:
    """The number of a closed file is given to the next: to a connection, say."""
    folder = ScratchFolder(tmp_path)
    folder.cleanup()
    with socket.socket() as connection:
        folder.cleanup()
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hansard-demo-1").mkdir()
    (tmp_path / "hansard-scratch-link").symlink_to(tmp_path / "hansard-demo-1")
    assert remove_abandoned(tmp_path) == 0
    assert (tmp_path / "hansard-demo-1").is_dir()
