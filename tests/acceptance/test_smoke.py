"""The smoke script against a Hansard that asks for keys."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, Hansard, running

_CLIP = ROOT / "samples" / "short" / "speakers" / "Mark" / "introduction.flac"
_KEY = "hsk_" + "smoke-test_" * 3 + "0123456789"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hansard]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    with running(home, REQUIRE_API_KEY="true", HANSARD_API_KEY=_KEY, TRANSCRIBER_ENGINE="pocketsphinx") as hansard:
        yield hansard


def _smoke(hansard: Hansard, *options: str, key: str = _KEY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.smoke", hansard.gateway.url, *options],
        cwd=ROOT,
        env={**os.environ, "HANSARD_API_KEY": key},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_deployment_that_works_passes_and_is_left_as_it_was(guarded: Hansard) -> None:
    ran = _smoke(guarded, "--timeout", "120")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("The deployment works.\n")
    with guarded.gateway as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        assert list(gateway.meetings()) == []
        assert list(gateway.speakers()) == []


def test_what_was_made_is_removed_when_the_time_is_up(guarded: Hansard) -> None:
    ran = _smoke(guarded, "--timeout", "0")
    assert ran.returncode == 1
    assert "FAILED: out of time" in ran.stderr
    with guarded.gateway as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        assert list(gateway.speakers()) == []


def test_a_recording_that_cannot_be_processed_fails_with_its_code(guarded: Hansard, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.wav"
    nonsense.write_bytes(bytes(range(256)) * 100)
    ran = _smoke(guarded, "--recording", str(nonsense), "--timeout", "120")
    assert ran.returncode == 1
    assert "the meeting is failed" in ran.stderr
    assert "removed the meeting" in ran.stdout


def test_a_workspace_that_knows_the_voice_already_is_told_to_take_another(guarded: Hansard) -> None:
    with guarded.gateway as gateway:
        gateway.http.headers["Authorization"] = f"Bearer {_KEY}"
        mark = gateway.enroll("Mark", [_CLIP], "synthetic voice").speaker_id
        try:
            ran = _smoke(guarded, "--timeout", "120")
        finally:
            gateway.delete_speaker(mark)
    assert ran.returncode == 1
    assert "take a key of a workspace of its own" in ran.stderr


def test_a_wrong_key_fails(guarded: Hansard) -> None:
    ran = _smoke(guarded, key="hsk_" + "0" * 43)
    assert ran.returncode == 1
    assert "FAILED" in ran.stderr
    assert "key" in ran.stderr


def test_without_a_key_nothing_is_tried(guarded: Hansard) -> None:
    ran = _smoke(guarded, key="")
    assert ran.returncode == 2
    assert ran.stdout == ""


def test_an_open_door_is_a_failure(shared_hansard: Hansard) -> None:
    ran = _smoke(shared_hansard)
    assert ran.returncode == 1
    assert "anybody can read it" in ran.stderr
