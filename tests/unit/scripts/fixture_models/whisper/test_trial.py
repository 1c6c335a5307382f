"""How the trial cuts and counts."""

from pathlib import Path

import pytest

from evaluation.recordings import read_stm
from libs.common.scoring.words import WordErrors
from scripts.fixture_models.whisper.trial import Trial, sample_chunks, words_of

SAMPLES = Path(__file__).parents[5] / "samples"


@pytest.mark.parametrize("name", ["planning", "short"])
def test_chunks_hold_the_whole_meeting_in_pieces_that_whisper_takes_in(name: str) -> None:
    chunks = sample_chunks(SAMPLES / name, most_seconds=30)

    said = read_stm((SAMPLES / name / f"{name}.stm").read_text())
    assert " ".join(chunk.text for chunk in chunks) == " ".join(one.text for one in said)
    assert all(len(chunk.samples) <= 30 * 16_000 for chunk in chunks)


def test_marks_and_capitals_do_not_count() -> None:
    assert words_of("Julia, is the NEW page ready?") == ["julia", "is", "the", "new", "page", "ready"]


def test_a_kept_trial_says_the_same(tmp_path: Path) -> None:
    result = Trial(with_times=WordErrors(words=10, deletions=1), without_times=WordErrors(words=10, insertions=2))

    result.write(tmp_path / "trial.json")

    assert Trial.read(tmp_path / "trial.json") == result
    assert result.rate == pytest.approx(0.15)
