"""One report of many, at a terminal and for programs."""

import json
from collections.abc import Iterator, Sequence

from cli.doctor.machine import MACHINE
from libs.common.doctor.finding import Finding, Report
from libs.common.doctor.table import lines, summary

_OF_ONE = frozenset({"cores", "memory"})
"""Subjects that say nothing without the service whose needs they are about."""


def merged(reports: Sequence[Report]) -> str:
    """What several services found in the same way is said once."""
    everything = [one for _, findings in _sections(reports) for one in findings]
    parts = ["\n".join([title, *lines(findings)]) for title, findings in _sections(reports) if findings]
    return "\n\n".join([*parts, summary(everything)])


def as_json(reports: Sequence[Report]) -> str:
    """Each report as its service gave it."""
    return json.dumps([one.model_dump(mode="json") for one in reports], indent=2, ensure_ascii=False)


def _sections(reports: Sequence[Report]) -> Iterator[tuple[str, Sequence[Finding]]]:
    finders: dict[tuple[str, str, str], list[str]] = {}
    for report in reports:
        for one in report.findings:
            finders.setdefault(_kind(one), []).append(report.service)
    shared = {kind: services for kind, services in finders.items() if len(set(services)) > 1 and kind[0] not in _OF_ONE}
    common = {_kind(one): one for report in reversed(reports) for one in report.findings if _kind(one) in shared}
    own = [(report.service, [one for one in report.findings if _kind(one) not in shared]) for report in reports]
    yield from (section for section in own if section[0] == MACHINE)
    yield "several services", [common[kind] for kind in shared]
    yield from (section for section in own if section[0] != MACHINE)


def _kind(finding: Finding) -> tuple[str, str, str]:
    """What makes two findings the same: figures in the text may differ, but not whose they are."""
    is_own = finding.subject in {"engine", "models", "model", "workers", "settings", "token", "gpu"}
    return finding.subject, finding.level, finding.what if is_own else finding.cure
