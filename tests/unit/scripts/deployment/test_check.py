"""The files that deploy Hansard, and what the checks of them find."""

import shutil
from functools import reduce
from pathlib import Path

import pytest

from scripts.deployment.check import agreement_faults, faults
from scripts.deployment.compose import seconds
from scripts.deployment.linters import lint
from scripts.deployment.service_files import ROOT, services
from scripts.deployment.variables import railway_variables
from services.gateway.routes.pipeline_examples import PIPELINE
from tests.unit.scripts.deployment.broken_files import BROKEN

_FILES = (
    "railway.toml",
    "docker-compose*.yml",
    ".env.example",
    "services/*/Dockerfile",
    "services/*/railway.toml",
    "deploy/kubernetes/*/*.yaml",
    "docs/deployment/railway.md",
    ".github/workflows/*.yml",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The same files in a folder of their own."""
    for pattern in _FILES:
        for file in ROOT.glob(pattern):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return tmp_path


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_files_are_as_they_should_be() -> None:
    assert list(faults(ROOT)) == []


@pytest.mark.parametrize(("file", "old", "new", "expected"), BROKEN)
def test_what_does_not_agree_is_named(copy: Path, file: str, old: str, new: str, expected: str) -> None:
    _replace(copy / file, old, new)
    assert any(expected in fault for fault in agreement_faults(copy))


def test_a_stage_that_goes_to_zero_must_see_what_is_delayed(copy: Path) -> None:
    _replace(copy / "deploy/kubernetes/keda/normalizer.yaml", "minReplicaCount: 1", "minReplicaCount: 0")
    assert any("sleep over what is delayed of normalize" in fault for fault in agreement_faults(copy))


def test_every_count_that_keda_reads_is_in_the_answer_of_the_gateway() -> None:
    pipeline = PIPELINE.model_dump(mode="json")
    read = [
        line.split(": ")[1]
        for file in (ROOT / "deploy/kubernetes/keda").glob("*.yaml")
        for line in file.read_text().splitlines()
        if "valueLocation: " in line
    ]
    assert read
    for place in read:
        value = reduce(lambda part, name: part[name], place.split("."), pipeline)
        assert isinstance(value, int), place


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("railway.toml", "drainingSeconds = 45", 'drainingSeconds = "45"', "drainingSeconds"),
        ("railway.toml", "healthcheckPath", "healthCheckPath", "healthCheckPath"),
        ("services/gateway/Dockerfile", "WORKDIR /app", "WORKDIR app", "DL3000"),
        ("docker-compose.yml", "pids_limit: 512", "pid_limit: 512", "pid_limit"),
        (".github/workflows/checks.yml", "runs-on", "run-on", "run-on"),
        ("deploy/kubernetes/keda/diarizer.yaml", 'activationLagCount: "0"', "activationLagCount: 0", "is not of type"),
        ("deploy/kubernetes/base/diarizer.yaml", "containerPort", "port", "containerPort"),
    ],
)
def test_each_kind_of_file_has_a_schema(copy: Path, file: str, old: str, new: str, expected: str) -> None:
    _replace(copy / file, old, new)
    assert any(expected in fault for fault in lint(copy))


def test_the_guide_gives_variables_to_the_services_that_it_names() -> None:
    given = railway_variables(services(), ROOT)
    assert "POSTGRES_URL" in given["gateway"]
    assert "POSTGRES_URL" not in given["diarizer"]
    assert "REDIS_URL" in given["diarizer"]


@pytest.mark.parametrize(("text", "expected"), [("45s", 45.0), ("1m30s", 90.0), ("2m", 120.0)])
def test_durations_of_compose_are_read(text: str, expected: float) -> None:
    assert seconds(text) == expected
