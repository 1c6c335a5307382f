"""The commands about runs: what they send, how runs are named, and what a comparison looks like."""

import json
from io import StringIO

import pytest
from rich.console import Console

from cli.answers.comparison import Comparison
from cli.answers.runs import RunList
from cli.commands.runs import parse_settings
from cli.run_names import short_ids
from cli.show_comparison import show_comparison
from cli.side_by_side import moment
from tests.unit.cli.recorded_gateway import MEETING, STATUS, Recorded, interrupted, run
from tests.unit.cli.recorded_runs import ANSWERS, COMPARISON, FIRST, RUNS, SECOND, THIRD


@pytest.fixture
def gateway(gateway: str) -> str:
    """The address of a gateway that knows one meeting with three runs."""
    Recorded.answers |= ANSWERS
    return gateway


def sent(path: str) -> object:
    return json.loads(Recorded.bodies[f"/api/meetings/{MEETING}/{path}"])


def test_a_replay_says_only_what_is_different(gateway: str) -> None:
    ran = run(gateway, "replay", MEETING, "--from", "match", "--no-wait")
    assert (ran.exit_code, ran.stdout.strip()) == (0, THIRD)
    assert sent("replay") == {"from_stage": "match", "settings": {}}


def test_a_replay_is_sent_with_all_its_options(gateway: str) -> None:
    options = ["--run", "1a2b3c4d-0000-4000-8000-000000000001", "--persona", "engineer", "--persona", "executive"]
    settings = ["--set", "diarizer.max_speakers=4", "--set", "transcriber.language=de"]
    run(gateway, "replay", MEETING, "--from", "diarize", *options, *settings, "--current", "never", "--no-wait")
    assert sent("replay") == {
        "from_stage": "diarize",
        "run_id": FIRST,
        "settings": {"diarizer.max_speakers": 4, "transcriber.language": "de"},
        "personas": ["engineer", "executive"],
        "current": "never",
    }


def test_a_replay_ends_with_the_results_of_the_new_run(gateway: str) -> None:
    ran = run(gateway, "replay", MEETING, "--from", "match")
    assert ran.exit_code == 0, ran.stderr
    assert "Anna: We ship on Friday." in ran.stdout
    assert ran.stderr.startswith(f"Run {THIRD} of meeting {MEETING}: accepted.\n")
    assert f"hansard diff {MEETING} origin {THIRD}" in ran.stderr
    assert json.loads(run(gateway, "replay", MEETING, "--from", "match", "--json").stdout)["title"] == "Planning"


def test_a_replay_that_ends_badly_names_its_run(gateway: str) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/status?run={THIRD}"] = (200, {**STATUS, "status": "cancelled"})
    ran = run(gateway, "replay", MEETING, "--from", "match")
    assert ran.exit_code == 5
    assert f"hansard: run {THIRD} of meeting {MEETING} was cancelled" in ran.stderr


def test_whoever_stops_waiting_for_a_replay_can_stop_that_run(gateway: str) -> None:
    Recorded.answers[f"/api/meetings/{MEETING}/status?run={THIRD}"] = (200, {**STATUS, "status": "processing"})
    cancelled = {"meeting_id": MEETING, "run_id": THIRD, "status": "cancelled"}
    Recorded.answers[f"/api/meetings/{MEETING}/cancel?run={THIRD}"] = (200, cancelled)
    said, code = interrupted(gateway, "replay", MEETING, "--from", "match")
    assert code == 130
    assert f"hansard status {MEETING} --run {THIRD} --follow (hansard cancel {MEETING} --run {THIRD} stops it)" in said
    assert f"Cancelled meeting {MEETING}, run {THIRD};" in run(gateway, "cancel", MEETING, "--run", THIRD).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((MEETING,), "--from normalize|diarize|match|transcribe|summarize"),
        ((MEETING, "another", "--from", "match"), "name one meeting"),
        ((MEETING, "--from", "match", "--set", "max_speakers"), "SERVICE.NAME=VALUE"),
        ((MEETING, "--from", "plan"), "'plan' is not one of"),
    ],
)
def test_a_replay_that_makes_no_sense_is_wrong_usage(gateway: str, arguments: tuple[str, ...], said: str) -> None:
    ran = run(gateway, "replay", *arguments)
    assert ran.exit_code == 2
    assert said in " ".join(ran.stderr.replace("│", " ").split())


def test_settings_are_json_where_they_can_be() -> None:
    given = ["a.number=4", "a.share=0.5", 'a.list=["x", "y"]', "a.text=en", "a.nothing=null", "a.formula=x=y"]
    assert parse_settings(given) == {
        "a.number": 4, "a.share": 0.5, "a.list": ["x", "y"], "a.text": "en", "a.nothing": None, "a.formula": "x=y",
    }  # fmt: skip


def test_runs_are_listed_with_what_makes_them_different(gateway: str) -> None:
    third, second, first = run(gateway, "runs", MEETING).stdout.splitlines()
    assert third.split()[:2] == ["9f8e7d6c-0000-4000-8000-000000000003", "2026-01-05"]
    assert second.startswith(f"* {SECOND}  2026-01-05 10:00:00  completed   from diarize of {FIRST}, diarizer.max")
    assert second.endswith("diarizer.max_speakers=4")
    assert first.endswith("completed   from the recording")
    inherited = "(kept: diarizer.max_speakers=4)"
    assert third.endswith(f"without transcriber.language, for engineer {inherited}, it died (engine_crashed)")
    listed = json.loads(run(gateway, "runs", MEETING, "--json").stdout)
    assert [one["run_id"] for one in listed] == [THIRD, SECOND, FIRST]


def test_ids_are_as_short_as_tells_them_apart() -> None:
    runs = RunList.model_validate(RUNS).runs
    assert short_ids(runs[:2]) == {THIRD: "9f8e7d6c", SECOND: "1a2b3c4d"}
    assert short_ids(runs)[FIRST] == FIRST


@pytest.mark.parametrize(
    ("name", "run_id"),
    [("9f8", THIRD), ("9F8E", THIRD), ("newest", THIRD), ("current", SECOND), ("origin", FIRST), (FIRST, FIRST)],
)
def test_a_run_is_named_as_briefly_as_one_likes(gateway: str, name: str, run_id: str) -> None:
    ran = run(gateway, "use", MEETING, name)
    assert (ran.exit_code, ran.stdout) == (0, f"Meeting {MEETING} shows run {SECOND} now.\n")
    assert sent("runs/current") == {"run_id": run_id}


@pytest.mark.parametrize(("status", "is_warned"), [("failed", True), ("cancelled", True), ("completed", False)])
def test_showing_a_run_without_results_is_done_with_a_warning(gateway: str, status: str, is_warned: bool) -> None:
    chosen = {**RUNS["runs"][0], "status": status}
    Recorded.answers[f"/api/meetings/{MEETING}/runs/current"] = (200, chosen)
    ran = run(gateway, "use", MEETING, THIRD)
    assert (ran.exit_code, ran.stdout) == (0, f"Meeting {MEETING} shows run {THIRD} now.\n")
    assert (f"that run is {status}" in ran.stderr) == is_warned


@pytest.mark.parametrize(
    ("name", "said"), [("1a2b", f"1a2b is the beginning of 2 runs: {SECOND}, {FIRST}"), ("ffff", "has no run ffff")]
)
def test_a_name_that_is_none_or_of_several_is_refused(gateway: str, name: str, said: str) -> None:
    ran = run(gateway, "use", MEETING, name)
    assert ran.exit_code == 2
    assert said in ran.stderr


@pytest.mark.parametrize("command", [("use", MEETING, ""), ("results", MEETING, "--run", ""), ("use", MEETING, " ")])
def test_an_empty_name_is_refused_rather_than_guessed(gateway: str, command: tuple[str, ...]) -> None:
    ran = run(gateway, *command)
    assert ran.exit_code == 2
    assert "the name of the run is empty" in ran.stderr


def test_status_and_results_are_those_of_the_run_that_was_named(gateway: str) -> None:
    assert run(gateway, "status", MEETING, "--run", FIRST).stdout.startswith("cancelled")
    assert "Before" in run(gateway, "results", MEETING, "--run", "origin").stdout


@pytest.mark.parametrize(
    ("named", "before", "after"),
    [((), SECOND, THIRD), (("origin", "current"), FIRST, SECOND), (("current", "origin"), SECOND, FIRST)],
)
def test_a_run_is_compared_with_its_origin_unless_others_are_named(
    gateway: str, named: tuple[str, ...], before: str, after: str
) -> None:
    compared = f"/api/meetings/{MEETING}/runs/compare?before={before}&after={after}&collar=0.0"
    Recorded.answers[compared] = (200, COMPARISON | {"meeting_id": "this one"})
    assert json.loads(run(gateway, "diff", MEETING, *named, "--json").stdout)["meeting_id"] == "this one"


def test_a_run_that_replays_no_other_needs_two_names(gateway: str) -> None:
    ran = run(gateway, "diff", MEETING, "origin", FIRST)
    assert ran.exit_code == 2
    assert f"run {FIRST} replays no other" in ran.stderr


def test_a_comparison_is_plain_text_where_there_is_no_terminal(gateway: str) -> None:
    ran = run(gateway, "diff", MEETING, FIRST, SECOND, "--collar", "0.25")
    assert ran.stdout == PLAIN


PLAIN = f"""\
before    {FIRST} (completed)
after     {SECOND} (processing)
turns     DER 10.0 %: 0.5 s missed, 1.5 s false alarm, 4.0 s confusion in 60.0 s (collar 0.25 s)
words     WER 5.0 %: 1 substituted, 0 deleted, 1 inserted in 40 words
names     1 of 2 changed
minutes   executive: 1 added, 1 gone, 1 changed, 2 unchanged; another summary
missing   {SECOND}: the run is processing and has no minutes for engineer

Settings
- diarizer.max_speakers  not set
+ diarizer.max_speakers  4

Engines
- diarize  embedded
+ diarize  pyannote (pipeline 3.1)

Names
+ SPEAKER_02: nobody (0.41 below_threshold)

Turns
- 0:00:12.3 to 0:00:16.3  Ana
+ 0:00:12.3 to 0:00:16.3  SPEAKER_02
- 1:01:01.0 to 1:01:02.5  no speech
+ 1:01:01.0 to 1:01:02.5  Ana, SPEAKER_02

Words
- 0:00:01.0 to 0:00:02.0  We [ship] on [-Friday-]
+ 0:00:01.0 to 0:00:02.0  we [ship] on {{+Monday+}} {{+morning+}}

Minutes for executive: action items
- 0:00:01.0  Tell the press (Ana)
+ 0:00:04.0  Tell the press (2026-01-09)
- Buy tea (Ben, soon)
+ 0:01:15.3  Book a room
"""


def test_at_a_terminal_both_runs_stand_side_by_side() -> None:
    screen = StringIO()
    console = Console(force_terminal=True, width=120, color_system=None, file=screen)
    show_comparison(console, Comparison.model_validate(COMPARISON), is_whole=False)
    rows = [line.split() for line in screen.getvalue().splitlines()]
    assert ["0:00:12.3", "to", "0:00:16.3", "Ana", "SPEAKER_02"] in rows
    words = next(" ".join(row) for row in rows if "Friday" in row)
    assert words == "0:00:01.0 to 0:00:02.0 We [ship] on Friday we [ship] on Monday morning"
    assert any(row[:3] == ["0:00:01.0", "→", "0:00:04.0"] for row in rows)


def test_only_the_first_differences_are_shown_unless_all_are_wanted(gateway: str) -> None:
    many = [{"start": n, "end": n + 0.5, "before": ["SPEAKER_00"], "after": []} for n in range(50)]
    address = f"/api/meetings/{MEETING}/runs/compare?before={FIRST}&after={SECOND}&collar=0.0"
    Recorded.answers[address] = (200, COMPARISON | {"turns": {**COMPARISON["turns"], "differences": many}})  # type: ignore[dict-item]
    shown = run(gateway, "diff", MEETING, FIRST, SECOND).stdout
    assert "… and 30 more: --all shows them" in shown
    assert shown.count("no speech\n") == 20
    assert run(gateway, "diff", MEETING, FIRST, SECOND, "--all").stdout.count("no speech\n") == 50


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "0:00:00.0"), (59.96, "0:01:00.0"), (3661.25, "1:01:01.2")])
def test_moments_have_tenths(seconds: float, shown: str) -> None:
    assert moment(seconds) == shown
