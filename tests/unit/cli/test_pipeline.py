"""The commands about the line, against a gateway of the test's own."""

import io
import json

import pytest
from rich.console import Console
from rich.table import Table

from cli.answers.pipeline import DeadLetter, Pipeline
from cli.show_pipeline import letter_line, streams_table
from tests.unit.cli.recorded_gateway import MEETING, SPEAKER, Recorded, run

RUN = "b6a1d9e4-92a7-4c57-8a30-5d0a7b1f6c22"
EVENT = f"{RUN}/transcribe.00003#0"
QUEUE = {"waiting": 4, "pending": 1, "delayed": 2, "oldest": 12.7, "attempts": 3, "repeated": 1, "length": 61}
STAGE = {
    "queue": QUEUE | {"memory_bytes": 48112},
    "workers": [{"consumer": "t-1", "release": "0.1.0", "engine": "pocketsphinx"}],
    "throughput": {
        "last_minute": 22,
        "last_5_minutes": 108,
        "last_15_minutes": 301,
        "median_seconds": 2.61,
        "percentile_95_seconds": 3.44,
    },
    "put_backs": {"inputs": 7, "last_at": "2026-03-02T10:00:00Z"},
    "dead": 5,
}
PIPELINE = {"at": "2026-03-02T10:00:41Z", "stages": {"transcribe": STAGE, "enroll": STAGE | {"queue": None}}}
PAST = {
    "event": EVENT,
    "stream": "chunk.transcribed.v1",
    "stage": "transcribe",
    "at": "2026-03-02T10:00:41Z",
    "seconds": 2.4,
    "attempts": 3,
    "engine": "pocketsphinx",
    "warnings": [{"code": "chunk_failed", "message": "nothing is written"}],
    "given_up": {"code": "engine_crashed", "message": "it died"},
    "since_start": 41.0,
    "since_previous": 0.8,
    "queued": 11.3,
    "worked_in": None,
}
LETTER = {
    "event": EVENT,
    "kind": "fell_back",
    "code": "engine_crashed",
    "message": "it died",
    "attempts": 3,
    "input": f"{RUN}/plan#3",
    "meeting_id": MEETING,
    "title": None,
    "filename": "weekly.mp4",
    "at": "2026-03-02T10:00:41Z",
}
PATH = "/api/pipeline/dead"
DROPPED = {"count": 1, "events": [EVENT], "dry_run": False}
RETRIED = {
    "count": 1,
    "dry_run": False,
    "runs": [
        {"origin_run_id": RUN, "run_id": "new", "events": [EVENT], "error": None},
        {
            "origin_run_id": "other",
            "run_id": None,
            "events": [],
            "error": {"code": "run_in_progress", "message": "wait"},
        },
    ],
}


@pytest.fixture(autouse=True)
def line(gateway: str) -> None:
    Recorded.answers |= {
        "/api/pipeline": (200, PIPELINE),
        f"/api/meetings/{MEETING}/events": (200, {"events": [PAST], "next_cursor": "c2"}),
        f"/api/meetings/{MEETING}/events?cursor=c2": (200, {"events": [PAST], "next_cursor": None}),
        f"/api/speakers/{SPEAKER}/events": (200, {"speaker_id": SPEAKER, "events": [PAST]}),
        PATH: (200, {"letters": [LETTER], "codes": {"engine_crashed": 1}, "next_cursor": None}),
        f"{PATH}?limit=1": (200, {"letters": [LETTER], "codes": {"engine_crashed": 1}, "next_cursor": None}),
        f"{PATH}?code=other": (200, {"letters": [], "codes": {}, "next_cursor": None}),
        f"{PATH}/{RUN}/transcribe.00003": (200, {"letter": LETTER, "outcome": {"status": "finished"}}),
        f"{PATH}/{RUN}/transcribe.00003/drop": (200, DROPPED),
        f"{PATH}/{RUN}/transcribe.00003/retry": (202, RETRIED),
        f"{PATH}/drop?code=engine_crashed&dry_run=true": (200, DROPPED | {"dry_run": True}),
        f"{PATH}/retry?all=true&dry_run=false": (202, RETRIED),
    }


def test_streams_show_every_stage_with_its_work_and_its_losses(gateway: str) -> None:
    *_, transcribe, enroll = [line.split() for line in run(gateway, "streams").stdout.splitlines()]
    assert transcribe == [
        *("transcribe", "4", "1", "2", "13s", "3×1", "1", "22/108/301", "7", "5"),
        *("2.61", "3.44", "pocketsphinx", "61", "47"),
    ]
    assert enroll[:6] == ["enroll", *"?????"]


def busy_line() -> Pipeline:
    queue = QUEUE | {"memory_bytes": 480112, "waiting": 1234, "pending": 16, "oldest": 7300.0, "repeated": 12}
    worker = {"consumer": "t-1", "release": "0.1.0", "engine": "faster-whisper"}
    stage = STAGE | {"queue": queue, "workers": [worker] * 12}
    return Pipeline.model_validate(PIPELINE | {"stages": dict.fromkeys(("normalize_sample", "transcribe"), stage)})


def printed(table: Table) -> str:
    shown = io.StringIO()
    Console(width=1000, file=shown).print(table)
    return shown.getvalue()


@pytest.mark.parametrize(
    ("width", "more"),
    [
        (70, ("2h",)),
        (80, ("2h", "3×12", "22/108/301")),
        (100, ("22/108/301", "2.61", "3.44")),
        (120, ("3.44", "faster-whisper")),
        (130, ("faster-whisper", "469")),
    ],
)
def test_streams_fit_the_terminal_and_cut_nothing_off(width: int, more: tuple[str, ...]) -> None:
    table = streams_table(busy_line(), width=width)
    assert Console(width=1000).measure(table).maximum <= width
    text = printed(table)
    assert all(one in text for one in ("normalize_sample", "1234", *more))


def test_a_small_terminal_shows_what_matters_most() -> None:
    table = streams_table(busy_line(), width=69)
    assert [str(one.header).replace("\n", " ") for one in table.columns] == [
        "stage", "waiting", "in work", "workers", "dead",
    ]  # fmt: skip
    assert printed(table).splitlines()[-1].split() == ["transcribe", "1234", "16", "12", "5"]


def test_a_history_shows_all_pages_with_its_times(gateway: str) -> None:
    heading, *lines = run(gateway, "events", MEETING).stdout.splitlines()
    assert heading.split() == ["since", "start", "after", "queued", "worked", "event"]
    assert len(lines) == 2
    assert lines[0].strip() == (
        f"41.00 s     0.80 s    11.30 s     2.40 s  {EVENT}  pocketsphinx  attempt 3  "
        "given up: it died (engine_crashed)"
    )


def test_a_history_that_cannot_be_had_begins_no_table(gateway: str) -> None:
    ran = run(gateway, "events", "bogus")
    assert (ran.exit_code, ran.stdout) == (4, "")


def test_a_history_without_events_says_so(gateway: str) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/events"] = (200, {"events": [], "next_cursor": None})
    assert run(gateway, "events", MEETING).stdout == "Nothing has happened yet.\n"


def test_a_speaker_has_a_history_too(gateway: str) -> None:
    assert EVENT in run(gateway, "events", SPEAKER, "--speaker").stdout


def test_dead_letters_are_listed_and_shown(gateway: str) -> None:
    [line] = run(gateway, "dead", "list").stdout.splitlines()
    assert line.endswith(f"{EVENT}  meeting {MEETING} (weekly.mp4)  fell back, 3 attempts: it died (engine_crashed)")
    none = run(gateway, "dead", "list", "--code", "other").stdout
    assert none == "Nothing was given up with code other. There are: engine_crashed.\n"
    shown = run(gateway, "dead", "show", EVENT).stdout
    assert f"input: {RUN}/plan#3" in shown
    assert '"status": "finished"' in shown


def test_dead_letters_are_dropped_and_retried(gateway: str) -> None:
    assert run(gateway, "dead", "drop", EVENT, EVENT).stdout == f"{EVENT} is dropped\n" * 2
    dropped = run(gateway, "dead", "drop", "--code", "engine_crashed", "--dry-run").stdout
    assert dropped == f"{EVENT} would be dropped\n"
    retried = run(gateway, "dead", "retry", EVENT).stdout
    assert retried == f"{EVENT} is done again by run new\nother stays: wait (run_in_progress)\n"
    assert run(gateway, "dead", "retry", "--all").stdout == retried


@pytest.mark.parametrize(
    ("command", "done"), [("drop", f"{EVENT} is dropped\n"), ("retry", "is done again by run new")]
)
def test_what_was_done_before_a_failure_is_told(gateway: str, command: str, done: str) -> None:
    ran = run(gateway, "dead", command, EVENT, f"{RUN}/unknown#0")
    assert (ran.exit_code, done in ran.stdout) == (4, True)


def test_a_letter_of_a_sample_names_its_speaker() -> None:
    of_sample = LETTER | {"meeting_id": None, "speaker_id": SPEAKER, "speaker_name": "Anna"}
    assert f"{EVENT}  speaker {SPEAKER} (Anna)  fell back" in letter_line(DeadLetter.model_validate(of_sample))


@pytest.mark.parametrize("event", ["bogus", f"{RUN}/", RUN, f"{RUN}/a/b", f"{RUN}/plan#x", "bogus/plan#0"])
@pytest.mark.parametrize("command", ["show", "retry", "drop"])
def test_what_is_no_event_is_wrong_usage(gateway: str, command: str, event: str) -> None:
    ran = run(gateway, "dead", command, event)
    assert ran.exit_code == 2
    said = " ".join(ran.stderr.replace("│", " ").split())  # it is wrapped and framed
    assert "is no event: hansard dead list prints them as RUN/STAGE#0" in said


@pytest.mark.parametrize("which", [[], ["--all", "--code", "x"], [EVENT, "--all"], [EVENT, "--dry-run"]], ids=" ".join)
@pytest.mark.parametrize("command", ["retry", "drop"])
def test_whose_letters_are_meant_has_to_be_said(gateway: str, command: str, which: list[str]) -> None:
    assert run(gateway, "dead", command, *which).exit_code == 2


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("streams",), {"at": "2026-03-02T10:00:41Z"}),
        (("events", MEETING), {"queued": 11.3}),
        (("dead", "list"), {"code": "engine_crashed"}),
        (("dead", "show", EVENT), {"outcome": {"status": "finished"}}),
        (("dead", "drop", EVENT), DROPPED),
        (("dead", "retry", EVENT), {"count": 1}),
    ],
)
def test_every_command_prints_one_json_document(
    gateway: str, command: tuple[str, ...], expected: dict[str, object]
) -> None:
    ran = run(gateway, *command, "--json")
    assert ran.exit_code == 0
    document = json.loads(ran.stdout)
    first = document[0] if isinstance(document, list) else document
    assert expected.items() <= first.items()
