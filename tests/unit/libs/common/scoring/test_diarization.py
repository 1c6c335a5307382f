"""DER on examples that can be worked out by hand."""

import pytest

from libs.common.scoring.diarization import DiarizationErrors, align_turns
from libs.common.speech import Turn


def turn(start: float, end: float, label: str) -> Turn:
    return Turn(start=start, end=end, label=label)


REFERENCE = [turn(0, 10, "Ana"), turn(10, 16, "Ben")]


def test_the_same_turns_under_other_labels_have_no_errors() -> None:
    alignment = align_turns(REFERENCE, [turn(0, 10, "S1"), turn(10, 16, "S0")])
    assert alignment.errors == DiarizationErrors(speech=16.0)
    assert alignment.errors.der == 0.0
    assert alignment.labels == {"Ana": "S1", "Ben": "S0"}
    assert alignment.shared == {("Ana", "S1"): 10.0, ("Ben", "S0"): 6.0}


def test_each_part_of_der_is_what_it_is_called() -> None:
    errors = align_turns(REFERENCE, [turn(2, 10, "S0"), turn(10, 12, "S0"), turn(12, 19, "S1")]).errors
    assert (errors.missed, errors.confusion, errors.false_alarm) == pytest.approx((2.0, 2.0, 3.0))
    assert errors.der == pytest.approx(7 / 16)


def test_overlapped_speech_is_scored_for_each_speaker() -> None:
    errors = align_turns([turn(0, 10, "Ana"), turn(8, 12, "Ben")], [turn(0, 10, "S0"), turn(10, 12, "S1")]).errors
    assert (errors.speech, errors.missed, errors.confusion) == pytest.approx((14.0, 2.0, 0.0))


def test_the_collar_is_left_out_on_both_sides_of_each_boundary() -> None:
    reference, found = [turn(1, 11, "Ana")], [turn(1.2, 10.8, "S0")]
    assert align_turns(reference, found).errors.missed == pytest.approx(0.4)
    scored = align_turns(reference, found, collar=0.25).errors
    assert (scored.speech, scored.missed) == pytest.approx((9.5, 0.0))


def test_labels_are_mapped_so_that_all_of_them_share_most_time() -> None:
    """`Ana` shares most with `S0`, but then `Ben` would be left with nobody."""
    reference = [turn(0, 6, "Ana"), turn(6, 11, "Ben")]
    found = [turn(0, 1, "S1"), turn(1, 11, "S0")]
    alignment = align_turns(reference, found)
    assert alignment.labels == {"Ana": "S1", "Ben": "S0"}
    assert alignment.errors.confusion == pytest.approx(5.0)


def test_between_equally_good_mappings_labels_are_kept() -> None:
    both = [turn(0, 5, "S0"), turn(0, 5, "S1"), turn(0, 5, "S2")]
    assert align_turns(both, both).labels == {"S0": "S0", "S1": "S1", "S2": "S2"}


def test_turns_of_one_label_that_overlap_count_once() -> None:
    errors = align_turns([turn(0, 5, "Ana"), turn(3, 8, "Ana")], [turn(0, 8, "S0")]).errors
    assert errors == DiarizationErrors(speech=8.0)


def test_silence_against_speech_has_no_rate() -> None:
    errors = align_turns([], [turn(0, 1, "S0")]).errors
    assert (errors.false_alarm, errors.der) == (1.0, None)


def test_totals_add_seconds_not_rates() -> None:
    long, short = DiarizationErrors(speech=90, missed=9), DiarizationErrors(speech=10, missed=10)
    assert (long + short).der == pytest.approx(0.19)
