"""What `hansard doctor` makes of several reports, and of a gateway's answers."""

import datetime
from pathlib import Path

from cli.answers.health import Dependency, Health
from cli.answers.pipeline import Pipeline, PutBacks, Queue, Stage, Throughput, Worker
from cli.doctor.examination import with_failures, without_consequences
from cli.doctor.machine import machine_report
from cli.doctor.remote import findings_of
from cli.doctor.show import merged
from cli.settings import LocalSettings
from libs.common.doctor.finding import Finding, Report, ok, problem, warning
from libs.common.release import RELEASE


def _report(service: str, *findings: Finding) -> Report:
    return Report(service=service, release=RELEASE, findings=findings)


def test_what_several_services_found_is_said_once_and_the_rest_by_service() -> None:
    text = merged([
        _report("normalizer", ok("redis", "answers in 1.0 ms"), ok("ffmpeg", "7.1")),
        _report("diarizer", ok("redis", "answers in 2.0 ms"), problem("models", "are missing", "fetch them")),
    ])  # fmt: skip
    several, normalizer, diarizer, summary = text.split("\n\n")
    assert several.splitlines() == ["several services", "  ok       redis  answers in 1.0 ms"]
    assert normalizer.splitlines() == ["normalizer", "  ok       ffmpeg  7.1"]
    assert diarizer.splitlines()[1:] == ["  PROBLEM  models  are missing", f"{' ' * 19}→ fetch them"]
    assert summary == "in order: 2, problems: 1"


def test_what_a_service_needs_of_the_machine_is_said_of_that_service() -> None:
    text = merged([
        _report("gateway", ok("cores", "1 can be kept busy"), ok("memory", "0.5 GiB are needed")),
        _report("normalizer", ok("cores", "1 can be kept busy"), ok("memory", "0.5 GiB are needed")),
    ])  # fmt: skip
    assert [part.splitlines()[0] for part in text.split("\n\n")] == [
        "gateway",
        "normalizer",
        "in order: 4, problems: 0",
    ]


def test_a_gateway_elsewhere_is_judged_by_what_it_answers() -> None:
    health = Health(
        status="degraded",
        release=RELEASE,
        dependencies={"redis": Dependency(status="down", latency=3.0, error="refused")},
        stages={},
        problems=("redis is down: refused", "diarize has work and no living worker"),
    )
    stage = Stage(
        queue=Queue(waiting=3, pending=0, delayed=0, oldest=1000.0),
        workers=(Worker(consumer="a", release="0.1.0"),),
        throughput=Throughput(last_minute=0, last_5_minutes=0, last_15_minutes=0),
        put_backs=PutBacks(inputs=0),
        dead=2,
    )
    pipeline = Pipeline(at=datetime.datetime.now(datetime.UTC), stages={"diarize": stage})
    found = [(one.subject, one.level) for one in findings_of(health, pipeline)]
    assert found == [
        ("redis", "problem"),
        ("line", "problem"),
        ("releases", "warning"),
        ("workers", "ok"),
        ("backlog", "warning"),
        ("dead letters", "warning"),
    ]


def test_what_the_gateway_says_is_wrong_is_a_problem_and_is_said_once() -> None:
    known = problem("workers", "diarize has work and no living worker", "start the diarizer")
    failures = ["diarize has work and no living worker", "transcribe has left an entry unread for 90 s"]
    reports = with_failures([_report("gateway", ok("postgres", "answers")), _report("diarizer", known)], failures)
    assert [[one.what for one in report.findings] for report in reports] == [
        ["answers", "transcribe has left an entry unread for 90 s"],
        ["diarize has work and no living worker"],
    ]
    assert reports[0].has_problem


def test_where_nothing_runs_only_that_is_a_problem_and_it_is_said_first(tmp_path: Path) -> None:
    machine = machine_report(LocalSettings.model_construct(hansard_home=tmp_path), is_running=False)
    found = [
        problem("redis", "does not answer", "start it"),
        warning("object store", "is not there yet", "nothing"),
        problem("settings", "SUMMARIZER_ENGINE is missing", "set it"),
        problem("settings", "LEASE is 'x'", "set it to a number"),
    ]
    left = without_consequences(_report("summarizer", *found))
    lines = merged([machine, left, _report("gateway", *left.findings)]).splitlines()
    assert [one.what for one in left.findings] == ["LEASE is 'x'"]
    assert lines[0] == "machine"
    assert lines[1].split(maxsplit=2) == ["PROBLEM", "hansard", f"does not run in {tmp_path}"]
    assert lines[2].strip().startswith("→ run `hansard up`")
