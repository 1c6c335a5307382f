"""The page, the alerts and the dashboard speak of metrics that exist, by labels that they have."""

import json
import re
from collections.abc import Iterator
from itertools import chain

import pytest
import yaml
from prometheus_client import CollectorRegistry

from libs.common.engine import EngineInfo
from libs.common.metrics.engines import EngineMetrics
from libs.common.metrics.process import measured_process
from libs.common.metrics.stages import WorkerMetrics
from scripts.metrics_page.catalogue import labels_by_series, metrics
from scripts.metrics_page.page import ALERTS, PAGE, ROOT, alerts, page
from services.gateway.metrics.counts import LineCounts
from services.gateway.metrics.requests import RequestMetrics
from services.summarizer.metrics import AnswerMetrics

DASHBOARD = ROOT / "deploy/grafana/hansard.json"
SERIES = labels_by_series()
OF_PROMETHEUS = {"job", "instance"}
"""Labels that scraping adds."""
UNWATCHED = {
    "hansard_process_virtual_memory_bytes": "machines run out of resident memory; engines reserve what they like",
    "hansard_process_start_time_seconds": "a process that ends again and again cannot be scraped, which is an alert",
    "hansard_stream_entries": "what a stream takes is watched in bytes; this says of how many entries",
}
"""Metrics to look up and not to watch, and why."""

_NAME = re.compile(r"\bhansard_\w+")
_SELECTOR = re.compile(r"\b(hansard_\w+)\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_TOGETHER = re.compile(r"\b(sum|max|min|avg)\s*(?:by\s*\([^)]*\)\s*)?\(\s*(hansard_\w+)")
_GROUPING = re.compile(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)")


def dashboard_expressions() -> Iterator[str]:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in dashboard["templating"]["list"] if "definition" in one)


def faults(expression: str) -> Iterator[str]:
    """What an expression names that does not exist."""
    names = set(_NAME.findall(expression))
    yield from (f"no metric {name}" for name in names - SERIES.keys())
    for name, matchers in _SELECTOR.findall(expression):
        known = SERIES.get(name, frozenset()) | OF_PROMETHEUS
        yield from (f"{name} has no label {label}" for label in _MATCHER.findall(matchers) if label not in known)
    known = frozenset(chain(OF_PROMETHEUS, *(SERIES.get(name, ()) for name in names)))
    for labels in _GROUPING.findall(expression):
        yield from (f"no label {one.strip()}" for one in labels.split(",") if one.strip() not in known)


EXPRESSIONS = [*(one.expr for one in alerts()), *dashboard_expressions()]


def test_the_page_is_that_of_the_metrics_and_alerts() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m scripts.metrics_page"


async def test_all_that_is_registered_is_in_the_catalogue_as_it_is_declared() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    EngineMetrics(registry)
    AnswerMetrics(registry, EngineInfo(name="openai", models={"minutes": "gpt-4o"}))
    LineCounts(registry)
    RequestMetrics(registry)
    async with measured_process(registry, service="test"):
        shown = {f"{one.name}_total" if one.type == "counter" else one.name: one for one in registry.collect()}
    declared = {one.name: one for one in metrics()}
    assert shown.keys() - declared.keys() == set()
    assert {name: one.type for name, one in shown.items()} == {name: declared[name].kind for name in shown}


def test_names_are_of_one_kind() -> None:
    for metric in metrics():
        assert metric.name.startswith("hansard_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not re.search(r"_(milliseconds|ms|minutes|kb|mb)(_|$)", metric.name)
        assert not {"meeting", "meeting_id", "run_id", "workspace"} & set(metric.labels)
    names = [one.name for one in metrics()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_what_exists(expression: str) -> None:
    assert list(faults(expression)) == []
    assert _NAME.search(expression) or "up{" in expression


@pytest.mark.parametrize(
    "expression",
    [
        "sum(hansard_stage_gone_total)",
        'hansard_stage_waiting_units{engine="x"}',
        "sum by (persona) (hansard_llm_cost_usd_total)",
        "hansard_stage_processing_seconds",
    ],
)
def test_a_wrong_expression_is_found(expression: str) -> None:
    assert list(faults(expression)) != []


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_replicas_go_together_as_the_page_says(expression: str) -> None:
    over = {one.name: one.over for one in metrics()}
    assert [(how, name) for how, name in _TOGETHER.findall(expression) if how != over.get(name, how)] == []


@pytest.mark.parametrize("alert", alerts(), ids=lambda one: one.alert)
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: object) -> None:
    rule = next(one for one in alerts() if one == alert)
    assert rule.labels["severity"] in {"critical", "warning", "info"}
    assert rule.annotations.runbook == f"docs/operations/metrics.md#{rule.alert.lower()}"
    assert len(rule.annotations.action) > 40


def test_every_alert_has_a_test() -> None:
    tested = ALERTS.with_name("alerts.test.yml").read_text("utf-8")
    assert [one.alert for one in alerts() if one.alert not in tested] == []
    assert yaml.safe_load(tested)["rule_files"] == ["alerts.yml"]


def test_the_dashboard_takes_its_data_source_as_a_variable() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    assert dashboard["templating"]["list"][0]["type"] == "datasource"
    sources = {panel["datasource"]["uid"] for panel in dashboard["panels"] if panel["type"] != "row"}
    assert sources == {"${datasource}"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    seen = set(_NAME.findall(" ".join(EXPRESSIONS)))
    assert {one.name for one in metrics() if seen.isdisjoint(one.series)} == UNWATCHED.keys()


@pytest.mark.parametrize("name", ["stage_pending_units", "stage_stopped_workers", "refused_requests_total"])
def test_what_people_are_told_to_watch_is_on_the_dashboard(name: str) -> None:
    assert f"hansard_{name}" in set(_NAME.findall(" ".join(dashboard_expressions())))
