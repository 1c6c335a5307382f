"""The benchmark of the load runs, also when it is small, and reports every part."""

import subprocess
import sys
from pathlib import Path

from scripts.bench_engines.report import Report

SMALL = (
    *("--clients", "1", "3", "--size-mib", "0.5", "--rounds", "1", "--large-mib", "3", "--large-rounds", "1"),
    *("--pollers", "3", "--seconds", "0.5", "--meetings", "60"),
)


def test_a_small_run_reports_every_part_without_an_error(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    command = [sys.executable, "-m", "scripts.bench_load", *SMALL, "--work", str(tmp_path), "--json", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    report = Report.model_validate_json(file.read_text("utf-8"))
    assert {"processor", "cores", "memory", "uvicorn"} <= set(report.machine)
    assert [(one.part, one.title) for one in report.measured] == [
        ("uploads", "1 at a time, 0.5 MiB each"),
        ("uploads", "3 at a time, 0.5 MiB each"),
        ("uploads", "1 at a time, 3 MiB each"),
        ("polling", "The status of meetings"),
        ("listing", "60 meetings in the list"),
        ("listing", "The time of Postgres alone"),
    ]
    for measured in report.measured[:3]:
        assert [row[""] for row in measured.rows] == ["bare, raw body", "Hansard", "bare, UploadFile"]
        assert {"ratio", "least", "most", "MiB/s", "memory growth MiB", "clients' share"} <= set(measured.rows[1])
    for measured in report.measured[:5]:
        assert [row["errors"] for row in measured.rows] == [0.0] * len(measured.rows)
        assert all({"median ms", "p95 ms", "p99 ms"} <= set(row) for row in measured.rows)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
