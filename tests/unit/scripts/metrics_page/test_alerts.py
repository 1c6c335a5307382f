"""The alert rules do what their tests say, by Prometheus's own tool."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.metrics_page.page import ALERTS, ROOT

TESTS = ALERTS.with_name("alerts.test.yml")
HOW = "no promtool: `make promtool` fetches it where apt is, or PROMTOOL says where it is"


@pytest.fixture(scope="module")
def promtool() -> str:
    """The one that PROMTOOL names, which has to be there, or any that can be found."""
    if named := os.environ.get("PROMTOOL"):
        return str(ROOT / named)
    fetched = ROOT / ".venv/promtool/bin"
    if found := shutil.which("promtool") or shutil.which("promtool", path=fetched):
        return found
    pytest.skip(HOW)


def run(promtool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_prometheus_takes_the_rules(promtool: str) -> None:
    checked = run(promtool, "check", "rules", ALERTS)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_alerts_fire_when_they_should_and_only_then(promtool: str) -> None:
    tested = run(promtool, "test", "rules", TESTS)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_rule_that_says_something_else_is_found(promtool: str, tmp_path: Path) -> None:
    rules = ALERTS.read_text("utf-8")
    changed = rules.replace("min by (dependency) (hansard_up)", "max by (dependency) (hansard_up)")
    assert changed != rules
    (tmp_path / ALERTS.name).write_text(changed, "utf-8")
    shutil.copy(TESTS, tmp_path)
    assert "HansardDependencyDown" in run(promtool, "test", "rules", tmp_path / TESTS.name).stderr
