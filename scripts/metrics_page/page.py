"""The page of all metrics and alerts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel

from libs.common.metrics.metric import Metric
from scripts.metrics_page.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations" / "metrics.md"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"

_HEAD = Path(__file__).parent / "head.md"


class Annotations(BaseModel):
    """What an alert says to people."""

    summary: str
    action: str
    runbook: str


class Alert(BaseModel):
    """One rule of the file, as far as the page shows it."""

    alert: str
    expr: str
    labels: dict[str, str]
    annotations: Annotations


class _Group(BaseModel):
    rules: list[Alert]


class _File(BaseModel):
    groups: list[_Group]


def alerts() -> list[Alert]:
    """All rules, in the order of the file."""
    file = _File.model_validate(yaml.safe_load(ALERTS.read_text("utf-8")))
    return [rule for group in file.groups for rule in group.rules]


def page() -> str:
    """The whole page, in Markdown."""
    tables = ("\n".join([f"### {title}", "", *_table(own), ""]) for title, own in CATALOGUE.items())
    runbooks = ("\n".join(_runbook(one)) for one in alerts())
    return "\n".join([_HEAD.read_text("utf-8"), *tables, "## What to do at an alert", "", *runbooks])


def _table(metrics: Sequence[Metric]) -> Iterator[str]:
    yield "| metric | kind | labels | over replicas | what it is |"
    yield "|---|---|---|---|---|"
    for one in metrics:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        yield f"| `{one.name}` | {one.kind} | {labels} | {one.over} | {one.text} |"


def _runbook(alert: Alert) -> Iterator[str]:
    yield f"### {alert.alert}"
    yield f"{alert.labels['severity'].capitalize()}. {alert.annotations.action}"
    yield ""
    yield f"```promql\n{alert.expr.strip()}\n```"
    yield ""
