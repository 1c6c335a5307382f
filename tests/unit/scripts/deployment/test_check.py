"""The files that deploy Hansard, and what the checks of them find."""

import shutil
from functools import reduce
from pathlib import Path

import pytest

from libs.common.release import RELEASE
from scripts.deployment.check import faults
from scripts.deployment.compose import compose_faults, seconds
from scripts.deployment.images import image_faults
from scripts.deployment.kubernetes import kubernetes_faults
from scripts.deployment.linters import lint
from scripts.deployment.railway import railway_faults
from scripts.deployment.service_files import ROOT, services
from scripts.deployment.variables import railway_variables, variable_faults
from services.gateway.routes.pipeline_examples import PIPELINE

_FILES = (
    "railway.toml",
    "docker-compose*.yml",
    "services/*/Dockerfile",
    "services/*/railway.toml",
    "deploy/kubernetes/*/*.yaml",
    "docs/deployment/railway.md",
    ".github/workflows/*.yml",
)


_LIVENESS = "livenessProbe:\n            httpGet: { path: /docs"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The same files in a folder of their own."""
    for pattern in _FILES:
        for file in ROOT.glob(pattern):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return tmp_path


def _agreements(root: Path) -> list[str]:
    """What is found without the tools of others, which take their time."""
    every = services(root)
    return [
        *image_faults(every),
        *railway_faults(every),
        *compose_faults(every, root),
        *kubernetes_faults(every, root),
        *variable_faults(every, root),
    ]


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_files_are_as_they_should_be() -> None:
    assert list(faults(ROOT)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("railway.toml", "drainingSeconds = 45", "drainingSeconds = 20", "drainingSeconds is less than GRACE"),
        ("railway.toml", '/bin/sh -c "exec uvicorn', '"uvicorn', "no shell that expands them"),
        ("railway.toml", "services.gateway migrate", "services.gateway", "does not migrate"),
        ("railway.toml", ', "/migrations/**"', "", "do not cover migrations"),
        ("services/diarizer/railway.toml", "requirements-no-deps", "other", "do not cover requirements-no-deps.txt"),
        ("services/diarizer/railway.toml", "services/diarizer/D", "services/gateway/D", "dockerfilePath is not"),
        ("services/normalizer/railway.toml", '"/ready"', '"/health"', "before the service is ready"),
        ("services/summarizer/Dockerfile", "COPY libs/common libs/common\n", "COPY libs libs\n", "copies libs"),
        ("services/summarizer/Dockerfile", "USER 10001\n", "", "runs as root"),
        ("services/summarizer/Dockerfile", "/health", "/metrics", "does not ask /health"),
        ("services/summarizer/Dockerfile", "PYTHONUNBUFFERED=1 ", "", "is unlike the normalizer's"),
        ("services/summarizer/Dockerfile", "HOST=0.0.0.0", "HOSTS=0.0.0.0", "sets HOSTS, which no service reads"),
        ("docker-compose.yml", "stop_grace_period: 45s", "stop_grace_period: 10s", "is killed within GRACE"),
        ("docker-compose.yml", "  AWS_ALLOW_HTTP:", "  # ", "refuses its store without AWS_ALLOW_HTTP"),
        ("docker-compose.yml", "cap_drop: [ALL]", "cap_drop: []", "keeps privileges"),
        ("docker-compose.yml", "mem_limit: 2g", "cpu_shares: 1", "has no limit of memory"),
        ("docker-compose.yml", "  SUMMARIZER_ENGINE:", "  SUMARIZER_ENGINE:", "sets SUMARIZER_ENGINE"),
        ("docker-compose.yml", "  REDIS_URL:", "  LOG_LEVEL:", "does not give the normalizer its REDIS_URL"),
        ("deploy/kubernetes/base/configmap.yaml", "AWS_REGION", "LEASE", "does not give the diarizer its AWS_REGION"),
        ("deploy/kubernetes/base/gateway.yaml", "path: /docs", "path: /ready", "is killed when it starts"),
        (
            "deploy/kubernetes/base/gateway.yaml",
            _LIVENESS,
            _LIVENESS.replace("/docs", "/health"),
            "the gateway's is not",
        ),
        (
            "deploy/kubernetes/base/diarizer.yaml",
            "terminationGracePeriodSeconds: 60",
            "terminationGracePeriodSeconds: 20",
            "after GRACE",
        ),
        ("deploy/kubernetes/base/kustomization.yaml", f"newTag: {RELEASE}", "newTag: 0.1.0", "is not of this release"),
        ("deploy/kubernetes/base/kustomization.yaml", "  - diarizer.yaml\n", "", "does not list diarizer.yaml"),
        (
            "deploy/kubernetes/keda/diarizer.yaml",
            'lagCount: "8"',
            'pendingEntriesCount: "8"',
            "looks at what waits of match",
        ),
        (
            "deploy/kubernetes/keda/summarizer.yaml",
            "queue.delayed",
            "queue.pending",
            "would sleep over what is delayed of summarize",
        ),
        ("docs/deployment/railway.md", "| `POSTGRES_URL` |", "| `POSTGRES_URI` |", "sets POSTGRES_URI"),
    ],
)
def test_what_does_not_agree_is_named(copy: Path, file: str, old: str, new: str, expected: str) -> None:
    _replace(copy / file, old, new)
    assert any(expected in fault for fault in _agreements(copy))


def test_a_stage_that_goes_to_zero_must_see_what_is_delayed(copy: Path) -> None:
    _replace(copy / "deploy/kubernetes/keda/normalizer.yaml", "minReplicaCount: 1", "minReplicaCount: 0")
    assert any("sleep over what is delayed of normalize" in fault for fault in _agreements(copy))


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
