"""What a replay tells a terminal."""

import pytest

from libs.common.cases.differences import EVENTS_DIFFER, Difference
from libs.common.cases.report import ReplayReport, Worked


def test_a_case_of_somebody_else_does_not_control_the_terminal() -> None:
    worked = Worked(status="finished", seconds=1, engine=None, given_up=None)
    report = ReplayReport(
        unit="run/stage\x1b[2J", event="e", recorded=worked, replayed=worked, exported_by="\x9b1m",
        differences=(Difference(where="name\x1b]0;title\x07", note="one\nmore"),), notes=("\r",),
    )  # fmt: skip
    lines = list(report.lines())
    assert all(one.isprintable() for one in lines)
    assert lines[0].startswith("run/stage\\x1b[2J")


@pytest.mark.parametrize(
    ("recorded", "replayed", "shown"),
    [
        (["chunk.planned.v1"] * 6, ["chunk.planned.v1"] * 9, "6 × chunk.planned.v1 → 9 × chunk.planned.v1"),
        (["a.v1", "a.v1", "b.v1"], [], "2 × a.v1, 1 × b.v1 → none"),
        (["a.v1", "b.v1"], ["b.v1", "a.v1"], "1 × a.v1, 1 × b.v1 → 1 × b.v1, 1 × a.v1"),
    ],
)
def test_events_are_counted_by_their_streams(recorded: list[str], replayed: list[str], shown: str) -> None:
    worked = Worked(status="finished", seconds=1, engine=None, given_up=None)
    difference = Difference(where=EVENTS_DIFFER, recorded=recorded, replayed=replayed)
    report = ReplayReport(
        unit="u", event="e", recorded=worked, replayed=worked, exported_by="0.1.0", differences=(difference,)
    )
    assert list(report.lines())[-1] == f"  events  {shown}"
