"""No process ended for another reason than what was done to it, and none wrote about a fault of its own."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.supervisor import Exit, Supervisor

_LATEST_END = 19.0
"""Seconds from SIGTERM to the end of a process: its grace, and what is cut short after it."""

_EXPECTED_ERRORS = frozenset({"gave up", "an event names what is not there"})
_GRACE_IS_OVER = "timeout graceful shutdown exceeded"
"""A gateway that was asked to end cuts off the requests that take longer than its grace; their clients ask again."""

_LISTED = 12


@dataclass(frozen=True)
class LogLine:
    """One line of a program."""

    program: str
    text: str
    fields: Mapping[str, object]
    """Empty where it is not JSON: the interpreter itself wrote it."""


def read_logs(folder: Path) -> list[LogLine]:
    """All lines of all programs."""
    return [
        LogLine(path.stem, text, _fields(text))
        for path in sorted(folder.glob("*.log"))
        for text in path.read_text(errors="replace").splitlines()
        if text.strip()
    ]


def check_processes(
    supervisor: Supervisor, lines: Sequence[LogLine], *, killed_by_input: Mapping[str, int]
) -> list[str]:
    """`killed_by_input`: how often an input may have killed a service, per service."""
    faults = [f"outlived its program: {one}" for one in supervisor.outlived]
    faults += _check_exits(supervisor.exits, killed_by_input)
    return faults + _check_lines(lines)


def _check_exits(exits: Iterable[Exit], killed_by_input: Mapping[str, int]) -> list[str]:
    faults, killed = [], Counter[str]()
    for one in exits:
        if one.seconds_to_end is not None and one.seconds_to_end > _LATEST_END:
            faults.append(f"{one.program.name} ended with {one.status}, {one.seconds_to_end:.0f} s after its signal")
            continue
        if one.is_ours:
            continue
        killed[one.program.family] += 1
        if killed[one.program.family] > killed_by_input.get(one.program.family, 0):
            faults.append(f"{one.program.name} ({one.pid}) ended by itself with status {one.status}")
    return faults


def _check_lines(lines: Iterable[LogLine]) -> list[str]:
    own = (line for line in lines if not line.program.endswith("-previous"))  # that release is out, with its faults
    strange = Counter(f"{line.program.rpartition('-')[0]}: {_essence(line)}" for line in own if _is_strange(line))
    return [f"{count} × in the log of {text}" for text, count in strange.most_common(_LISTED)]


def _is_strange(line: LogLine) -> bool:
    if not line.fields:
        return True
    if _GRACE_IS_OVER in line.text:
        return False
    return line.fields.get("level") in {"error", "critical"} and line.fields.get("message") not in _EXPECTED_ERRORS


def _essence(line: LogLine) -> str:
    if not line.fields:
        return line.text[:200]
    trace = line.fields.get("exception")
    reason = f" ({trace[0].get('exc_type')}: {trace[0].get('exc_value')})" if isinstance(trace, list) and trace else ""
    return f"{line.fields.get('message')}{reason} {line.fields.get('error', '')}"[:400]


def _fields(text: str) -> Mapping[str, object]:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(fields, dict):
        return {}
    return fields if "message" in fields else {**fields, "message": fields.get("event")}  # as 0.3.0 calls it
