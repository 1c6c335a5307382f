"""What was found out, and what to do about it."""

from typing import Literal

from libs.common.speech import Frozen

Level = Literal["ok", "warning", "problem", "unknown"]


class Finding(Frozen):
    """One thing that was looked at."""

    subject: str
    """What it is about, in a few words; the same in every service that finds it."""

    level: Level
    what: str
    """What is, in one line."""

    cure: str = ""
    """What to do, in one line; empty where nothing is to be done."""


class Report(Frozen):
    """All that the doctor of one service found."""

    version: Literal[1] = 1
    service: str
    release: str
    findings: tuple[Finding, ...]

    @property
    def has_problem(self) -> bool:
        return any(one.level == "problem" for one in self.findings)


def ok(subject: str, what: str) -> Finding:
    """Nothing is to be done."""
    return Finding(subject=subject, level="ok", what=what)


def warning(subject: str, what: str, cure: str) -> Finding:
    """It works, and will not for ever."""
    return Finding(subject=subject, level="warning", what=what, cure=cure)


def problem(subject: str, what: str, cure: str) -> Finding:
    """It does not work, or loses what it should keep."""
    return Finding(subject=subject, level="problem", what=what, cure=cure)


def unknown(subject: str, what: str, cure: str = "") -> Finding:
    """It could not be seen."""
    return Finding(subject=subject, level="unknown", what=what, cure=cure)
