"""Whole runs side by side, also such that came to nothing."""

from dataclasses import replace

from libs.common.engine import EngineInfo
from libs.common.minutes import Usage
from services.gateway.runs.contents import RunContents
from services.gateway.runs.differences.runs import compare_runs
from tests.unit.services.gateway.runs.differences.contents import minutes, whole_run


def test_a_run_against_itself_gives_zeros() -> None:
    run = whole_run("r1")
    compared = compare_runs("m", run, run, collar=0.0)
    assert compared.turns
    assert compared.words
    assert compared.speakers
    assert (compared.turns.errors.der, compared.turns.differences) == (0.0, ())
    assert (compared.words.errors.rate, compared.words.differences) == (0.0, ())
    assert not any(one.is_changed for one in compared.speakers)
    parts = compared.minutes["executive"].parts.values()
    assert sum(one.unchanged for one in parts) == 1
    assert not any((*one.changed, *one.gone, *one.added) for one in parts)
    assert not compared.minutes["executive"].is_summary_changed
    assert (compared.engines, compared.settings, compared.missing) == ({}, {}, ())


def test_engines_and_settings_are_listed_where_they_differ() -> None:
    after = replace(
        whole_run("r2"),
        engines={"diarize": EngineInfo(name="pyannote"), "match": EngineInfo(name="pyannote")},
        settings={"diarizer.max_speakers": 3, "transcriber.language": "en"},
    )
    compared = compare_runs("m", whole_run("r1"), after, collar=0.0)
    assert {stage: (one.before.name, one.after.name) for stage, one in compared.engines.items()} == {
        "diarize": ("embedded", "pyannote")
    }
    assert {name: (one.before, one.after) for name, one in compared.settings.items()} == {
        "diarizer.max_speakers": (2, 3),
        "transcriber.language": (None, "en"),
    }


def test_of_a_run_without_a_transcript_the_turns_are_compared_and_the_rest_is_named() -> None:
    whole = whole_run("r1")
    failed = RunContents(run_id="r2", status="failed", turns=whole.turns, personas=("executive",))
    compared = compare_runs("m", whole, failed, collar=0.0)
    assert compared.turns
    assert compared.turns.errors.der == 0.0
    assert (compared.speakers, compared.words, compared.minutes) == (None, None, {})
    assert [(one.run_id, one.part, one.persona) for one in compared.missing] == [
        ("r2", "speakers", None), ("r2", "words", None), ("r2", "minutes", "executive"),
    ]  # fmt: skip
    assert compared.missing[1].message == "the run is failed and has no words"


def test_two_runs_that_came_to_nothing_can_be_compared() -> None:
    compared = compare_runs("m", RunContents("r1", "accepted"), RunContents("r2", "cancelled"), collar=0.0)
    assert (compared.turns, compared.speakers, compared.words) == (None, None, None)
    assert len(compared.missing) == 6


def test_minutes_that_only_one_run_was_asked_for_are_named() -> None:
    after = replace(whole_run("r2"), personas=("engineer",), minutes={"engineer": minutes("engineer")})
    compared = compare_runs("m", whole_run("r1"), after, collar=0.0)
    assert compared.minutes == {}
    assert [(one.run_id, one.message) for one in compared.missing] == [
        ("r1", "the run was not asked for minutes for engineer"),
        ("r2", "the run was not asked for minutes for executive"),
    ]


def test_a_collar_hides_no_voice() -> None:
    """Inside the collar nothing is scored, but names are compared all the same."""
    run = whole_run("r1")
    compared = compare_runs("m", run, run, collar=3.0)
    assert compared.turns
    assert compared.turns.errors.speech == 0.0
    assert compared.speakers
    assert not any(one.is_changed for one in compared.speakers)


def test_each_run_says_what_all_its_minutes_took() -> None:
    usage = Usage(calls=1, input_tokens=900, output_tokens=100, cost_usd=0.25)
    paid = minutes().model_copy(update={"usage": usage})
    after = replace(whole_run("r2"), minutes={"executive": paid, "engineer": paid})
    compared = compare_runs("m", whole_run("r1"), after, collar=0.0)
    assert (compared.before.usage, compared.after.usage) == (Usage(), usage + usage)
