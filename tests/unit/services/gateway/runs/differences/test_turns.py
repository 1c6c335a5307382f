"""Who talks when, and under which name."""

from libs.common.scoring.diarization import align_turns
from services.gateway.runs.differences.turns import compare_speakers, compare_turns
from tests.unit.services.gateway.runs.differences.contents import matches, turns


def test_times_at_which_somebody_else_talks_are_listed_in_the_words_of_each_run() -> None:
    before = turns((0, 4, "SPEAKER_00"), (4, 8, "SPEAKER_01"))
    after = turns((0, 5, "SPEAKER_01"), (5, 9, "SPEAKER_00"))
    compared = compare_turns(align_turns(before.turns, after.turns), collar=0.0)
    assert [(one.start, one.end, one.before, one.after) for one in compared.differences] == [
        (4, 5, ("SPEAKER_01",), ("SPEAKER_01",)),
        (8, 9, (), ("SPEAKER_00",)),
    ]
    assert (compared.errors.confusion, compared.errors.false_alarm) == (1, 1)


def test_a_difference_goes_on_across_a_boundary_that_changes_nothing() -> None:
    before = turns((0, 4, "SPEAKER_00"))
    after = turns((0, 1, "SPEAKER_00"), (2, 3, "SPEAKER_00"), (3, 4, "SPEAKER_00"), (1, 1, "SPEAKER_01"))
    (missed,) = compare_turns(align_turns(before.turns, after.turns), collar=0.0).differences
    assert (missed.start, missed.end, missed.before, missed.after) == (1, 2, ("SPEAKER_00",), ())
    silent = turns((0, 1, "SPEAKER_01"), (3, 4, "SPEAKER_01"))
    (gone,) = compare_turns(
        align_turns(turns((0, 2, "SPEAKER_00"), (2, 4, "SPEAKER_00")).turns, silent.turns), collar=0.0
    ).differences
    assert (gone.start, gone.end) == (1, 3)


def test_a_voice_keeps_its_name_under_another_label() -> None:
    before, after = turns((0, 4, "SPEAKER_00"), (4, 8, "SPEAKER_01")), turns((0, 4, "SPEAKER_01"), (4, 8, "SPEAKER_00"))
    ana, ben = compare_speakers(
        matches(SPEAKER_00="Ana", SPEAKER_01="Ben"),
        matches(SPEAKER_00=None, SPEAKER_01="Ana"),
        alignment=align_turns(before.turns, after.turns),
    )
    assert ana.before
    assert ana.after
    assert (ana.before.label, ana.after.label, ana.is_changed, ana.shared_seconds) == (
        "SPEAKER_00", "SPEAKER_01", False, 4.0,
    )  # fmt: skip
    assert ben.before
    assert ben.after
    assert (ben.before.name, ben.after.name, ben.is_changed) == ("Ben", None, True)
    assert (ben.before.score, ben.after.score, ben.after.reason) == (0.9, 0.4, "below_threshold")


def test_a_voice_that_only_one_run_has_stands_alone() -> None:
    before, after = turns((0, 4, "SPEAKER_00")), turns((0, 3, "SPEAKER_00"), (3, 4, "SPEAKER_01"))
    same, new = compare_speakers(
        matches(SPEAKER_00="Ana"),
        matches(SPEAKER_00="Ana", SPEAKER_01=None),
        alignment=align_turns(before.turns, after.turns),
    )
    assert not same.is_changed
    assert (new.before, new.is_changed, new.shared_seconds) == (None, True, 0.0)
