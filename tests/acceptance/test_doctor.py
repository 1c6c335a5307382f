"""`hansard doctor` beside a Hansard that runs on this machine, and for one elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

from libs.common.doctor.finding import Report
from tests.acceptance.conftest import ROOT, Hansard, wait_until

SERVERS = ("REDIS_URL", "POSTGRES_URL", "OBJECT_STORE_URL", "HANSARD_GATEWAY")


def _doctor(hansard: Hansard, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in SERVERS}
    place = {"HANSARD_HOME": str(hansard.home), "PORT": str(hansard.port)}
    return subprocess.run(
        [sys.executable, "-m", "cli", "doctor", *options],
        cwd=ROOT, env={**clean, **place, **settings}, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def _reports(ended: subprocess.CompletedProcess[str]) -> dict[str, Report]:
    return {one["service"]: Report.model_validate(one) for one in json.loads(ended.stdout)}


def test_what_runs_here_is_in_order(shared_hansard: Hansard) -> None:
    with shared_hansard.gateway as gateway:  # it is ready before the slowest worker
        wait_until(lambda: gateway.health().is_complete, timeout=90, otherwise=shared_hansard.log)
    ended = _doctor(shared_hansard, "--json")
    reports = _reports(ended)
    assert list(reports) == ["machine", "gateway", "normalizer", "diarizer", "transcriber", "summarizer"]
    problems = [one for report in reports.values() for one in report.findings if one.level == "problem"]
    assert (problems, ended.returncode) == ([], 0)
    for name in ("gateway", "normalizer", "diarizer", "transcriber", "summarizer"):
        seen = {one.subject: one.level for one in reports[name].findings}
        assert (seen["redis"], seen["redis AOF"], seen["put-if-absent"], seen["workers"]) == ("ok", "ok", "ok", "ok")


def test_where_nothing_runs_the_cure_is_to_start_it(shared_hansard: Hansard, tmp_path: Path) -> None:
    ended = _doctor(shared_hansard, HANSARD_HOME=str(tmp_path))
    assert ended.returncode == 1
    assert f"does not run in {tmp_path}" in ended.stdout
    assert "→ run `hansard up`" in ended.stdout


def test_a_problem_is_shown_once_with_what_to_do_and_ends_with_1(shared_hansard: Hansard) -> None:
    ended = _doctor(shared_hansard, REDIS_URL="redis://:canary-password@127.0.0.1:1/0")
    assert ended.returncode == 1
    assert ended.stdout.count("does not answer at 127.0.0.1:1") == 1
    assert "→ start it, or set REDIS_URL" in ended.stdout
    assert "canary" not in ended.stdout + ended.stderr


def test_a_gateway_elsewhere_is_asked_about_itself(shared_hansard: Hansard) -> None:
    ended = _doctor(shared_hansard, "--json", "--gateway", f"http://127.0.0.1:{shared_hansard.port}")
    (report,) = _reports(ended).values()
    subjects = {one.subject for one in report.findings}
    assert {"postgres", "redis", "object_store", "releases", "workers"} <= subjects
    assert ended.returncode == int(report.has_problem)


def test_nobody_there_is_said(shared_hansard: Hansard) -> None:
    ended = _doctor(shared_hansard, "--gateway", "http://127.0.0.1:1")
    assert ended.returncode == 3
    assert "no gateway answers at http://127.0.0.1:1" in ended.stderr
