"""A meeting as a file, and its units worked again from it, away from the deployment that recorded them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.enrolment import wait_for_enrolment
from libs.common.events import SampleAccepted
from libs.common.streams.keys import stream_key
from tests.acceptance.conftest import ROOT, SHORT, Hansard, wait_for_end

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the developer is, and where temporary files go."""
    return tmp_path_factory.mktemp("developer")


@pytest.fixture(scope="module")
def cli(folder: Path) -> Cli:
    """`hansard` as on a machine where nothing else runs."""
    unreachable = {"REDIS_URL": "redis://127.0.0.1:1/0", "OBJECT_STORE_URL": "file:///nowhere", "TMPDIR": str(folder)}

    def run(*arguments: str | Path, said: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **unreachable, **settings}
        command = [sys.executable, "-m", "cli", *map(str, arguments)]
        return subprocess.run(
            command, cwd=folder, env=environment, input=said, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture(scope="module")
def meeting(shared_hansard: Hansard) -> str:
    """The id of the short sample meeting, with its people enrolled, once it has been through the line."""
    manifest = json.loads((SHORT / "manifest.json").read_text())
    with shared_hansard.gateway as gateway:
        for person in manifest["speakers"]:
            clips = [SHORT / clip for clip in person["clips"]]
            wait_for_enrolment(gateway, gateway.enroll(person["name"], clips, "synthetic").speaker_id)
        accepted = gateway.process(SHORT / manifest["meeting"], {"personas": ["executive", "engineer"]})
        assert wait_for_end(shared_hansard, gateway, accepted.meeting_id).status == "completed"
    return accepted.meeting_id


@pytest.fixture(scope="module")
def case(shared_hansard: Hansard, meeting: str, cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported") / "case.zip"
    exported = cli("export", meeting, "-o", target, "--with-voices", "--gateway", shared_hansard.gateway.url)
    assert exported.returncode == 0, exported.stderr
    return target


@pytest.mark.parametrize(
    "unit",
    [["normalize"], ["diarize"], ["match"], ["plan"], ["transcribe"], ["assemble"], ["summarize", "assemble#1"]],
    ids=" ".join,
)
def test_every_unit_of_a_file_comes_out_as_it_was_recorded(cli: Cli, case: Path, unit: list[str]) -> None:
    ran = cli("replay", "--local", case, *unit)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Identical" in ran.stdout


def test_another_setting_of_the_service_shows_as_a_difference(cli: Cli, case: Path) -> None:
    ran = cli("replay", "--local", case, "match", MATCH_THRESHOLD="0.99")
    assert ran.returncode == 6, ran.stderr
    assert '"matched" → "below_threshold"' in ran.stdout


def test_another_setting_of_the_run_shows_as_a_difference(cli: Cli, case: Path) -> None:
    ran = cli("replay", "--local", case, "diarize", "--set", "diarizer.num_speakers=1", "--json")
    assert ran.returncode == 6, ran.stderr
    assert any(one["where"].startswith("turns.json: turns") for one in json.loads(ran.stdout)["differences"])


def test_a_file_without_voices_is_refused_where_they_are_needed(
    shared_hansard: Hansard, cli: Cli, meeting: str, folder: Path
) -> None:
    target = folder / "without.zip"
    assert cli("export", meeting, "-o", target, "--gateway", shared_hansard.gateway.url).returncode == 0
    ran = cli("replay", "--local", target, "match")
    target.unlink()
    assert ran.returncode == 1
    assert "export it again with --with-voices" in ran.stderr


def test_an_engine_that_is_missing_refuses(cli: Cli, case: Path) -> None:
    ran = cli("replay", "--local", case, "diarize", DIARIZER_ENGINE="pyannote")
    assert ran.returncode == 1
    assert "DIARIZER_ENGINE=pyannote" in ran.stderr


def test_a_debugger_stops_at_the_handler_and_sees_the_event(cli: Cli, case: Path, meeting: str) -> None:
    ran = cli("replay", "--local", case, "match", "--pdb", said="p event.meeting_id\nc\n")
    assert ran.returncode == 0, ran.stderr
    assert f"'{meeting}'" in ran.stdout
    assert "services/diarizer/stages.py" in ran.stdout
    assert cli("replay", "--local", case, "match", "--pdb", said="q\n").returncode == 130


def test_nothing_is_left_on_the_disk(cli: Cli, case: Path, folder: Path) -> None:
    assert cli("replay", "--local", case, "match").returncode == 0
    assert list(folder.glob("*hansard*")) == []


def test_a_failing_case_is_fetched_and_fails_here_too(shared_hansard: Hansard, cli: Cli, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.mp3"
    nonsense.write_bytes(bytes(range(256)) * 100)
    with shared_hansard.gateway as gateway:
        accepted = gateway.process(nonsense, {})
        assert wait_for_end(shared_hansard, gateway, accepted.meeting_id).status == "failed"
    event = f"{accepted.run_id[:8]}/accept#0"
    ran = cli("replay", "--local", "normalize", event, "--gateway", shared_hansard.gateway.url)
    assert ran.returncode == 0, ran.stderr
    assert "CorruptRecording" in ran.stderr
    assert "It fails as it was recorded" in ran.stdout


def test_an_enrolment_is_worked_again(shared_hansard: Hansard, meeting: str, cli: Cli) -> None:
    with shared_hansard.redis() as redis:
        [(_, entry)] = redis.xrevrange(stream_key(SampleAccepted.stream), count=1)  # others may have enrolled before
    run_id = entry[b"fact"].decode().partition("/")[0]
    for stage, event in (("normalize_sample", "accept#0"), ("enroll", "normalize_sample#0")):
        ran = cli("replay", "--local", stage, f"{run_id}/{event}", "--gateway", shared_hansard.gateway.url)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "Identical" in ran.stdout
