"""DER on examples that can be worked out by hand."""

import pytest

from evaluation.diarization import diarization_errors
from libs.common.scoring.diarization import DiarizationErrors
from libs.common.speech import Turn


def turn(start: float, end: float, label: str) -> Turn:
    return Turn(start=start, end=end, label=label)


REFERENCE = [turn(0, 10, "Ana"), turn(10, 16, "Ben")]


def test_perfect_turns_under_other_labels_have_no_errors() -> None:
    errors = diarization_errors(REFERENCE, [turn(0, 10, "S1"), turn(10, 16, "S0")], duration=20)
    assert errors == DiarizationErrors(speech=16.0)
    assert errors.der == 0.0


def test_each_part_of_der_is_what_it_is_called() -> None:
    found = [turn(2, 10, "S0"), turn(10, 12, "S0"), turn(12, 19, "S1")]
    errors = diarization_errors(REFERENCE, found, duration=20)
    assert (errors.missed, errors.confusion, errors.false_alarm) == pytest.approx((2.0, 2.0, 3.0))
    assert errors.der == pytest.approx(7 / 16)


def test_overlapped_speech_is_scored_for_each_speaker() -> None:
    reference = [turn(0, 10, "Ana"), turn(8, 12, "Ben")]
    errors = diarization_errors(reference, [turn(0, 10, "S0"), turn(10, 12, "S1")], duration=12)
    assert (errors.speech, errors.missed) == pytest.approx((14.0, 2.0))


def test_the_collar_is_left_out_on_both_sides_of_each_boundary() -> None:
    found = [turn(0.2, 9.8, "S0")]
    reference = [turn(0, 10, "Ana")]
    assert diarization_errors(reference, found, duration=12, collar=0.0).missed == pytest.approx(0.4)
    scored = diarization_errors(reference, found, duration=12, collar=0.25)
    assert (scored.speech, scored.missed) == pytest.approx((9.5, 0.0))


def test_speech_found_after_the_last_turn_is_a_false_alarm() -> None:
    errors = diarization_errors([turn(0, 5, "Ana")], [turn(0, 5, "S0"), turn(8, 10, "S0")], duration=10)
    assert errors.false_alarm == pytest.approx(2.0)


def test_a_recording_without_speech_has_no_rate() -> None:
    assert diarization_errors([], [turn(0, 1, "S0")], duration=10).der is None


def test_totals_add_seconds_not_rates() -> None:
    long, short = DiarizationErrors(speech=90, missed=9), DiarizationErrors(speech=10, missed=10)
    assert (long + short).der == pytest.approx(0.19)
