"""Figures as people and as machines read them."""

import io

from rich.console import Console

from scripts.bench_engines.report import Measured, Report, show

MEASURED = Measured(
    part="transcriber",
    title="One chunk at a time",
    conditions=("small [int8], 2 threads.",),
    rows=({"": "plain", "seconds": 12.3456, "words": 90}, {"": "ours", "seconds": None, "words": 12345}),
)


def test_a_table_shows_its_figures_and_the_conditions_as_they_are() -> None:
    out = io.StringIO()
    show(Console(file=out, width=100), MEASURED)
    text = out.getvalue()
    assert "12.3" in text
    assert "12345" in text
    assert "small [int8], 2 threads." in text


def test_a_report_comes_back_from_its_json() -> None:
    report = Report(machine={"cores": "4"}, measured=(MEASURED,))
    assert Report.model_validate_json(report.model_dump_json()) == report
