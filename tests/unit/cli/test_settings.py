"""What the environment says, and how it is told when it is wrong."""

from pathlib import Path

import pytest

from cli.errors import CommandFailed
from cli.settings import read_client_settings, read_local_settings


def test_a_wrong_port_is_named_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(CommandFailed, match="PORT is 'eighty': set it to a whole number from 1 to 65535"):
        read_local_settings()


def test_a_key_that_is_none_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSARD_API_KEY", "hsk_ hidden")
    with pytest.raises(CommandFailed, match="HANSARD_API_KEY is no key: it has a space") as raised:
        read_client_settings()
    assert "hidden" not in raised.value.message


def test_state_is_kept_in_the_current_folder_unless_said_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HANSARD_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert read_local_settings().home == tmp_path.resolve() / ".hansard"
    monkeypatch.setenv("HANSARD_HOME", str(tmp_path / "elsewhere"))
    assert read_local_settings().home == tmp_path.resolve() / "elsewhere"
