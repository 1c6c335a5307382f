"""The gateway does not start with settings that cannot work."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.service import REFUSED

_NOBODY = {"POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}


def start(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **_NOBODY, "OBJECT_STORE_URL": folder.as_uri(), "PORT": "0", **variables}
    return subprocess.run(
        [sys.executable, "-m", "services.gateway"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEASE", "0"),
        ("POSTGRES_URL", "mysql://nobody"),
        ("POSTGRES_URL", "postgresql://nobody@127.0.0.1:port/none"),
        ("POSTGRES_URL", "postgresql://nobody@127.0.0.1:1/none?sslmode=perhaps"),
        ("OBJECT_STORE_URL", "ftp://nobody"),
        ("HOST", "203.0.113.9"),  # of a net that is for documentation (RFC 5737), so never of this machine
    ],
)
def test_it_names_the_setting_and_refuses(tmp_path: Path, name: str, value: str) -> None:
    ended = start(tmp_path, **{name: value})
    assert ended.returncode == REFUSED, ended.stderr
    assert ended.stderr.startswith("gateway cannot start (invalid_settings): ")
    assert name in ended.stderr


def test_a_port_that_is_taken_is_named_with_the_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start(tmp_path, PORT=str(port))
    assert ended.returncode == REFUSED, ended.stderr
    assert f"PORT={port}: Address already in use; stop what listens there" in ended.stderr


def test_a_directory_without_personas_is_refused(tmp_path: Path) -> None:
    ended = start(tmp_path, PERSONAS_DIR=str(tmp_path))
    assert (ended.returncode, str(tmp_path) in ended.stderr) == (REFUSED, True)
