"""Working one unit of a case again: what is printed, and how it ends."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from libs.common.cases.replaying import replay_options, replay_unit
from libs.common.cases.report import DIFFERENT
from libs.common.errors import InvalidSettings, PipelineError
from libs.common.events import Event, SampleAccepted, SampleNormalized, StageFailed
from libs.common.release import RELEASE
from libs.common.speech import Frozen
from libs.common.stage import Fallback, Stage, Work
from libs.common.storage import ObjectStore
from tests.unit.libs.common.cases.recorded_unit import (
    EVENT,
    FOLDER,
    RUN,
    UNIT,
    fact,
    normalized,
    outcome,
    put,
    write_case,
)

Handler = Callable[[SampleAccepted, Work], Awaitable[Sequence[Event] | None]]
KEY = f"{FOLDER}/normalize_sample/1/level.json"


class Level(Frozen):
    level: float


class NoSpeech(PipelineError):
    code = "no_speech"


def failed(code: str) -> StageFailed:
    return StageFailed(
        workspace="default", run_id=RUN, sample_id="clip", speaker_id="ana", stage=UNIT.stage, unit_part="",
        code=code, message="nobody speaks", attempts=3,
    )  # fmt: skip


def keeping(level: float) -> Handler:
    async def handle(event: SampleAccepted, work: Work) -> list[SampleNormalized]:
        return [normalized(await work.keep("level.json", Level(level=level)))]

    return handle


async def refuse(event: SampleAccepted, work: Work) -> None:
    raise NoSpeech("nobody speaks")


async def break_down(event: SampleAccepted, work: Work) -> None:
    raise ZeroDivisionError


async def wait_for_more(event: SampleAccepted, work: Work) -> None:
    return None


def replayed(case: Path, handle: Handler, *options: str, fallback: Fallback[SampleAccepted] | None = None) -> int:
    @asynccontextmanager
    async def open_stages(store: ObjectStore) -> AsyncIterator[Sequence[Stage[Any]]]:
        yield [Stage(name=UNIT.stage, consumes=SampleAccepted, handle=handle, fallback=fallback)]

    return replay_unit(replay_options("normalizer", [str(case), EVENT, *options]), open_stages)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A unit that gave a level of 0.5."""
    put(tmp_path / "case", KEY, Level(level=0.5).model_dump_json())
    return write_case(tmp_path / "case", outcome(normalized(KEY)))


@pytest.fixture
def given_up(tmp_path: Path) -> Path:
    """A unit that was given up because nobody speaks."""
    return write_case(tmp_path / "case", None, fact(failed("no_speech"), UNIT.stage))


def test_the_same_result_is_said_to_be_identical(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(finished, keeping(0.5)) == 0
    printed = capsys.readouterr().out
    assert f"{UNIT.id}, asked for by {EVENT}" in printed
    assert "Identical" in printed


def test_another_result_is_shown_with_a_status_of_its_own(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(finished, keeping(0.75)) == DIFFERENT
    assert "level.json: level  0.5 → 0.75  (+0.25)" in capsys.readouterr().out


def test_json_is_one_document(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(finished, keeping(0.75), "--json") == DIFFERENT
    report = json.loads(capsys.readouterr().out)
    assert (report["exported_by"], report["release"]) == ("0.0.9", RELEASE)
    assert [one["where"] for one in report["differences"]] == ["level.json: level"]


def test_a_failure_is_shown_with_its_trace_and_compared_by_code(
    given_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replayed(given_up, refuse) == 0
    printed = capsys.readouterr()
    assert 'raise NoSpeech("nobody speaks")' in printed.err
    assert "It fails as it was recorded" in printed.out


def test_another_failure_is_a_difference(given_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(given_up, break_down) == DIFFERENT
    printed = capsys.readouterr()
    assert "ZeroDivisionError" in printed.err
    assert '"no_speech" → "internal_error"' in printed.out


def test_a_failure_that_is_mended_is_a_difference(given_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(given_up, keeping(0.5)) == DIFFERENT
    assert 'status  "failed" → "finished"' in capsys.readouterr().out


def test_what_a_stage_declares_instead_of_a_failure_is_its_outcome(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def give_instead(event: SampleAccepted, work: Work, error: PipelineError) -> list[SampleNormalized]:
        return [normalized(await work.keep("level.json", Level(level=0.5)))]

    assert replayed(finished, refuse, fallback=give_instead) == DIFFERENT
    assert "report: given_up" in capsys.readouterr().out


def test_a_unit_without_an_outcome_has_nothing_to_be_compared_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replayed(write_case(tmp_path / "case", None), keeping(0.5)) == 0
    assert "nothing to compare with" in capsys.readouterr().out


def test_a_handler_that_misses_parts_is_a_difference(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(finished, wait_for_more) == DIFFERENT
    assert "parts are missing" in capsys.readouterr().out


def test_settings_are_those_of_a_meeting(finished: Path) -> None:
    with pytest.raises(InvalidSettings, match="no settings"):
        replayed(finished, keeping(0.5), "--set", "diarizer.max_speakers=2")


def test_what_is_not_in_the_case_is_noted(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = finished / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"missing":[]', '"missing":["samples/clip/gone.json"]'))
    assert replayed(finished, keeping(0.5)) == 0
    printed = capsys.readouterr().out
    assert "Note: erased before the case was exported: samples/clip/gone.json" in printed
    assert f"Exported by release 0.0.9, replayed with {RELEASE}." in printed


def test_a_unit_that_another_run_worked_names_that_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken_over = fact(normalized("k"), UNIT.stage).model_copy(update={"worked_in": "the-first-run"})
    replayed(write_case(tmp_path / "case", None, taken_over), keeping(0.5))
    printed = capsys.readouterr().out
    assert "Note: it was worked in run the-first-run" in printed
    assert f": hansard replay --local {UNIT.stage} the-first-run/accept#0\n" in printed
