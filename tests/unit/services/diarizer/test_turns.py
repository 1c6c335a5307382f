import numpy as np

from libs.common.speech import Segment
from services.diarizer.turns import clean_windows, to_turns
from services.diarizer.windows import plan_windows


def segment(start: float, end: float) -> Segment:
    return Segment(start=start, end=end)


def test_one_voice_in_one_stretch_is_one_turn_as_long_as_the_stretch() -> None:
    windows = plan_windows([segment(1.0, 6.3)])

    (turn,) = to_turns(windows, np.zeros(len(windows), np.intp))

    assert (turn.start, turn.end, turn.label) == (1.0, 6.3, "SPEAKER_00")


def test_a_change_lies_between_the_windows_of_both_voices() -> None:
    windows = [segment(0.0, 1.6), segment(0.4, 2.0), segment(0.8, 2.4), segment(1.2, 2.8)]

    before, after = to_turns(windows, np.array([0, 0, 1, 1]))

    assert (before.start, before.end, before.label) == (0.0, 1.4, "SPEAKER_00")
    assert (after.start, after.end, after.label) == (1.4, 2.8, "SPEAKER_01")


def test_a_short_pause_of_one_speaker_does_not_end_the_turn() -> None:
    windows = plan_windows([segment(0.0, 1.0), segment(1.5, 2.5), segment(4.0, 5.0)])

    turns = to_turns(windows, np.zeros(3, np.intp))

    assert [(turn.start, turn.end) for turn in turns] == [(0.0, 2.5), (4.0, 5.0)]


def test_a_pause_in_which_another_speaker_talks_ends_the_turn() -> None:
    windows = plan_windows([segment(0.0, 1.0), segment(1.1, 1.4), segment(1.5, 2.5)])

    assert [turn.label for turn in to_turns(windows, np.array([0, 1, 0]))] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]


def test_windows_near_a_change_of_voice_are_not_clean() -> None:
    windows = [segment(start, start + 1.0) for start in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)]

    is_clean = clean_windows(windows, np.array([0, 0, 0, 1, 1, 1]))

    assert is_clean.tolist() == [True, True, False, False, True, True]
