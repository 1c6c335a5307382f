"""The errors that the gateway counts against those of the libraries that papers count with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meeteval.wer.wer.siso import siso_word_error_rate

from evaluation.diarization import diarization_errors
from libs.common.scoring.diarization import align_turns
from libs.common.scoring.words import align_words, count_errors
from libs.common.speech import Turn

DURATION = 60.0


@st.composite
def diarizations(draw: st.DrawFn) -> list[Turn]:
    """Up to four labels that overlap each other, but not themselves; times in tenths of a second."""
    turns = []
    for label in range(draw(st.integers(0, 4))):
        times = draw(st.lists(st.integers(10, 500), max_size=8, unique=True).map(sorted))
        pairs = zip(times[::2], times[1::2], strict=False)
        turns += [Turn(start=start / 10, end=end / 10, label=f"S{label}") for start, end in pairs]
    return turns


@given(diarizations(), diarizations(), st.sampled_from([0.0, 0.25, 1.0]))
def test_der_is_that_of_pyannote_metrics(reference: list[Turn], hypothesis: list[Turn], collar: float) -> None:
    ours = align_turns(reference, hypothesis, collar=collar).errors
    theirs = diarization_errors(reference, hypothesis, duration=DURATION, collar=collar)
    for part in ("speech", "missed", "false_alarm", "confusion"):
        assert getattr(ours, part) == pytest.approx(getattr(theirs, part), abs=1e-6), part


@given(st.lists(st.sampled_from("abcde"), max_size=40), st.lists(st.sampled_from("abcde"), max_size=40))
def test_wer_is_that_of_meeteval(reference: list[str], hypothesis: list[str]) -> None:
    ours = count_errors(align_words(reference, hypothesis))
    theirs = siso_word_error_rate(" ".join(reference), " ".join(hypothesis))
    assert (ours.words, ours.errors) == (theirs.length, theirs.errors)
    assert ours.insertions - ours.deletions == len(hypothesis) - len(reference)
