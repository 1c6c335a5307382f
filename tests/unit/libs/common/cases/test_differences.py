"""What counts as a difference between two outcomes of one unit, and how it is told."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from libs.common.cases.contents import OBJECTS
from libs.common.cases.differences import ONLY_REPLAYED, Comparison, Difference
from libs.common.engine import EngineInfo
from libs.common.events import StageFailed
from libs.common.outcome import Warned
from tests.unit.libs.common.cases.recorded_unit import FOLDER, REPORT, RUN, normalized, outcome, put

OLD, NEW = f"{FOLDER}/normalize_sample/1/recording.json", f"{FOLDER}/normalize_sample/2/recording.json"


def between(folder: Path, old: object, new: object) -> list[Difference]:
    """Between two artifacts that the same event names."""
    put(folder, OLD, json.dumps(old))
    put(folder, NEW, json.dumps(new))
    return Comparison(folder / OBJECTS, FOLDER).differences(outcome(normalized(OLD)), outcome(normalized(NEW)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}),
        ({"a": 0.1}, {"a": 0.1 + 1e-9}),
        ({"vector": [0.5, 0.25]}, {"vector": [0.5 + 1e-9, 0.25]}),
        ({"is_cached": True}, {"is_cached": False}),
        ({"usage": {"calls": 3, "cost_usd": 0.25}}, {"usage": {"calls": 3, "cost_usd": None}}),
    ],
)
def test_equal_contents_under_other_keys_are_no_difference(tmp_path: Path, old: object, new: object) -> None:
    assert between(tmp_path, old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "where", "note"),
    [
        ({"a": {"b": [1, 2.5, "x"]}}, {"a": {"b": [1, 2.75, "x"]}}, "recording.json: a.b[1]", "+0.25"),
        ({"vector": [0.5, 0.25]}, {"vector": [0.5, 0.75]}, "recording.json: vector", "2 numbers, up to 0.5 apart"),
        ({"a": None}, {"a": "text"}, "recording.json: a", ""),
        ({"a": True}, {"a": 1}, "recording.json: a", ""),
        ({}, {"a": 1}, "recording.json: a", ONLY_REPLAYED),
        ({"a": ["x", "z"]}, {"a": ["x", "y", "z"]}, "recording.json: a[1]", ONLY_REPLAYED),
    ],
)
def test_a_difference_names_its_place_and_its_size(
    tmp_path: Path, old: object, new: object, where: str, note: str
) -> None:
    [found] = between(tmp_path, old, new)
    assert (found.where, found.note) == (where, note)


def test_nothing_outside_of_the_case_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"a": "secret"}')
    outside = f"{FOLDER}/../../../../secret.json"
    (tmp_path / OBJECTS / FOLDER).mkdir(parents=True)
    [found] = between(tmp_path, {"key": outside}, {"key": put(tmp_path, f"{FOLDER}/2/x.json", "{}")})
    assert found.recorded == outside


def test_artifacts_that_artifacts_name_are_compared_too(tmp_path: Path) -> None:
    keys = [put(tmp_path, f"{FOLDER}/{number}/embedding.json", json.dumps({"v": [number, 0]})) for number in (1, 2)]
    [found] = between(tmp_path, {"of": {"A": keys[0]}}, {"of": {"A": keys[1]}})
    assert (found.where, found.note) == ("embedding.json: v", "2 numbers, up to 1 apart")


def test_events_engines_and_warnings_are_compared_and_circumstances_are_not(tmp_path: Path) -> None:
    comparison = Comparison(tmp_path, FOLDER)
    same = REPORT.model_copy(update={"seconds": 99.0, "attempts": 3})
    assert comparison.differences(outcome(normalized("k")), outcome(normalized("k"), report=same)) == []
    other = REPORT.model_copy(
        update={"engine": EngineInfo(name="other"), "warnings": (Warned(code="c", message="m", stage="s"),)}
    )
    found = comparison.differences(outcome(normalized("k")), outcome(normalized("k", duration=4), report=other))
    assert [one.where for one in found] == ["report: engine", "report: warnings[0]", "sample.normalized.v1: duration"]


def test_a_failure_is_compared_by_its_code(tmp_path: Path) -> None:
    def failed(code: str, attempts: int) -> StageFailed:
        return StageFailed(
            workspace="default", run_id=RUN, stage="s", unit_part="", code=code, message="m", attempts=attempts
        )

    comparison = Comparison(tmp_path, FOLDER)
    recorded = outcome(failed("no_speech", 3), is_failed=True)
    assert comparison.differences(recorded, outcome(failed("no_speech", 1), is_failed=True)) == []
    [found] = comparison.differences(recorded, outcome(failed("internal_error", 1), is_failed=True))
    assert (found.recorded, found.replayed) == ("no_speech", "internal_error")
    found, *_ = comparison.differences(recorded, outcome(normalized("k")))
    assert (found.where, found.recorded, found.replayed) == ("status", "failed", "finished")


def test_a_recorded_artifact_that_is_gone_is_named(tmp_path: Path) -> None:
    put(tmp_path, NEW, "{}")
    [found] = Comparison(tmp_path / OBJECTS, FOLDER).differences(outcome(normalized(OLD)), outcome(normalized(NEW)))
    assert (found.where, found.note) == ("recording.json", "the recorded object is not in the case")


@pytest.mark.parametrize(
    ("change", "where", "note"),
    [
        (lambda samples: samples, None, None),
        (lambda samples: samples[:-800], "audio.flac: duration", "-800 samples"),
        (lambda samples: samples + 0.25, "audio.flac: samples", "up to 0.25 apart, full scale being 1"),
    ],
)
def test_audio_is_compared_by_its_samples(tmp_path: Path, change, where, note) -> None:  # type: ignore[no-untyped-def]
    samples = np.zeros(16_000, np.float32)
    keys = [f"{FOLDER}/{number}/audio.flac" for number in (1, 2)]
    for key, content in zip(keys, (samples, change(samples)), strict=True):
        soundfile.write(tmp_path / OBJECTS / put(tmp_path, key, ""), content, 16_000)
    old, new = (outcome(normalized(key)) for key in keys)
    found = Comparison(tmp_path / OBJECTS, FOLDER).differences(old, new)
    assert [(one.where, one.note) for one in found] == ([(where, note)] if where else [])
