"""RTTM that is written can be read again, here and by others."""

import pytest

from libs.common.rttm import InvalidRttm, read_rttm, write_rttm
from libs.common.speech import Turn

TURNS = (
    Turn(start=0.0, end=1.0005, label="SPEAKER_00"),
    Turn(start=0.9, end=3.25, label="SPEAKER_01"),
    Turn(start=7205.3333, end=7206.6666, label="SPEAKER_00"),
)


def test_turns_survive_a_round_trip_to_the_millisecond() -> None:
    read = read_rttm(write_rttm(TURNS, recording="planning"))
    assert [turn.label for turn in read] == [turn.label for turn in TURNS]
    for before, after in zip(TURNS, read, strict=True):
        assert (after.start, after.end) == pytest.approx((before.start, before.end), abs=6e-4)


def test_rounding_does_not_move_the_end_of_a_turn() -> None:
    read = read_rttm(write_rttm([Turn(start=0.0004, end=2.0014, label="A")], recording="planning"))
    assert read[0].end == pytest.approx(2.001)


def test_a_line_has_the_ten_fields_of_the_format() -> None:
    text = write_rttm([Turn(start=1.5, end=2.0, label="Mary Ann")], recording="board meeting")
    assert text == "SPEAKER board_meeting 1 1.500 0.500 <NA> <NA> Mary_Ann <NA> <NA>\n"


def test_lines_of_other_types_and_comments_are_passed_over() -> None:
    text = ";; made by hand\n\nSPKR-INFO x 1 <NA> <NA> <NA> unknown A <NA>\nSPEAKER x 1 2.0 1.0 <NA> <NA> A\n"
    assert read_rttm(text) == (Turn(start=2.0, end=3.0, label="A"),)


def test_turns_come_back_sorted_by_start() -> None:
    text = write_rttm(reversed(TURNS), recording="x")
    assert [turn.start for turn in read_rttm(text)] == sorted(turn.start for turn in read_rttm(text))


@pytest.mark.parametrize(
    "line",
    [
        "SPEAKER x 1 2.0",
        "SPEAKER x 1 two 1.0 <NA> <NA> A",
        "SPEAKER x 1 2.0 -1.0 <NA> <NA> A",
        "SPEAKER x 1 nan 1.0 <NA> <NA> A",
    ],
)
def test_a_turn_that_cannot_be_read_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(InvalidRttm, match="line 2"):
        read_rttm(f";; header\n{line}\n")
