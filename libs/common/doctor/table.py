"""A report for people at a terminal."""

from collections.abc import Iterator, Sequence

from libs.common.doctor.finding import Finding, Report

_MARKS = {"ok": "ok", "warning": "WARNING", "problem": "PROBLEM", "unknown": "unknown"}


def written(report: Report) -> str:
    """One line for each finding, with what to do below it."""
    head = f"{report.service}, Hansard {report.release}"
    return "\n".join([head, *lines(report.findings), "", summary(report.findings), ""])


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings in columns."""
    subjects = max((len(one.subject) for one in findings), default=0)
    for one in findings:
        yield f"  {_MARKS[one.level]:<7}  {one.subject:<{subjects}}  {one.what}"
        if one.cure:
            yield f"  {'':<7}  {'':<{subjects}}  → {one.cure}"


def summary(findings: Sequence[Finding]) -> str:
    """How many there are of each level."""
    counts = {level: sum(one.level == level for one in findings) for level in _MARKS}
    named = {"ok": "in order", "warning": "warnings", "problem": "problems", "unknown": "unknown"}
    return ", ".join(f"{named[level]}: {count}" for level, count in counts.items() if count or level == "problem")
