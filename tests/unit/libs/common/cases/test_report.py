"""What a replay tells a terminal."""

from libs.common.cases.differences import Difference
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
