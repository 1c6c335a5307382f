"""`hansard up` itself: what it refuses, what it starts again, and what it leaves behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.local.child import free_port
from tests.acceptance.conftest import ROOT, Hansard, running, wait_until
from tests.processes import left_alive


def _up(home: Path, port: int, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HANSARD_HOME": str(home), "PORT": str(port), **settings}
    return subprocess.run(
        [sys.executable, "-m", "cli", "up"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_second_start_on_the_same_folder_is_refused(shared_hansard: Hansard) -> None:
    refused = _up(shared_hansard.home, free_port())
    assert refused.returncode == 1
    assert f"already runs on {shared_hansard.home}" in refused.stderr


def test_a_port_that_is_taken_is_named_before_anything_starts(shared_hansard: Hansard, tmp_path: Path) -> None:
    refused = _up(tmp_path / "other", shared_hansard.port)
    assert refused.returncode == 1
    assert f":{shared_hansard.port}" in refused.stderr
    assert not (tmp_path / "other").exists()


@pytest.fixture(scope="module")
def spare_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on which nothing runs."""
    return tmp_path_factory.mktemp("refused") / "home"


@pytest.mark.parametrize(
    ("name", "value", "who"),
    [
        ("LEASE", "0", "gateway cannot start"),
        ("MAX_DURATION", "-1", "normalizer cannot start"),
        ("MATCH_THRESHOLD", "7", "diarizer cannot start"),
        ("DIARIZER_ENGINE", "pyannote", "diarizer cannot start"),
        ("TRANSCRIBER_ENGINE", "foo", "transcriber cannot start"),
        ("SUMMARIZER_ENGINE", "openai", "summarizer cannot start"),
        ("PERSONAS_DIR", "/nope", "cannot start"),
        ("OBJECT_STORE_URL", "ftp://x", "cannot start"),
        ("POSTGRES_URL", "nonsense", "postgresql://"),
        ("POSTGRES_URL", "postgresql://127.0.0.1:9/nobody", "refused"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_its_reason_last(spare_home: Path, name: str, value: str, who: str) -> None:
    refused = _up(spare_home, free_port(), **{"HF_HUB_OFFLINE": "1", name: value})
    assert refused.returncode == 1
    (reason,) = refused.stderr.splitlines()
    assert reason.startswith("hansard: ")
    assert who in reason
    # With the packages of pyannote it is its model that is missing.
    assert (value if name in {"PERSONAS_DIR", "DIARIZER_ENGINE"} else name) in reason


def test_it_is_ready_only_when_every_engine_is_loaded(shared_hansard: Hansard) -> None:
    wait_until(
        lambda: "is ready and takes recordings" in shared_hansard.log(), timeout=90, otherwise=shared_hansard.log
    )
    before, _, _ = shared_hansard.log().partition("is ready and takes recordings")
    assert before.count("worker started") >= 3  # what the fourth has written may still be in its pipe
    assert re.search(r"Loading for \d+ s: gateway, normalizer, diarizer, transcriber, summarizer …", before)


@pytest.mark.parametrize("name", ["redis-server", "postgres"])
def test_a_server_that_dies_is_started_again(shared_hansard: Hansard, name: str) -> None:
    server = shared_hansard.child(name)
    server.kill()
    server.wait(20)
    wait_until(lambda: shared_hansard.child(name).pid != server.pid, timeout=30, otherwise=shared_hansard.log)
    with shared_hansard.gateway as gateway:
        wait_until(gateway.is_ready, timeout=60, otherwise=shared_hansard.log)


def test_nothing_outlives_a_supervisor_that_is_killed_and_its_folder_can_be_used_again(tmp_path: Path) -> None:
    with running(tmp_path / "home") as hansard:
        family = hansard.kill()
        hansard.start()
        assert left_alive(family, after=30) == []
        assert hansard.stop() == []
