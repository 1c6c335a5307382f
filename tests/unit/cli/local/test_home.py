"""Who may use a local Hansard's folder."""

from pathlib import Path

import pytest

from cli.errors import CommandFailed
from cli.local.home import claimed


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with claimed(tmp_path / "home"), pytest.raises(CommandFailed, match="already runs"), claimed(tmp_path / "home"):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "home"):
            assert (tmp_path / "home").is_dir()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match="HANSARD_HOME"), claimed(tmp_path / "file" / "home"):
        pass
