"""When a stage counts as stopped."""

from libs.common.runtime.motion import StageMotion

PATIENCE = 5


def look(motion: StageMotion, *, seconds: range, should_turn: bool) -> None:
    """Once in each of these seconds."""
    for now in seconds:
        motion.look(float(now), should_turn=should_turn, overdue=())


def test_a_loop_that_does_not_turn_although_there_is_room_has_stopped() -> None:
    motion = StageMotion(patience=PATIENCE)
    look(motion, seconds=range(PATIENCE + 1), should_turn=True)
    assert motion.stopped_since is None
    look(motion, seconds=range(PATIENCE + 1, PATIENCE + 2), should_turn=True)
    assert motion.stopped_since is not None


def test_a_loop_that_waits_for_room_has_not_stopped() -> None:
    motion = StageMotion(patience=PATIENCE)
    look(motion, seconds=range(10 * PATIENCE), should_turn=False)
    assert motion.stopped_since is None


def test_one_turn_is_enough_to_move_again() -> None:
    motion = StageMotion(patience=PATIENCE)
    look(motion, seconds=range(PATIENCE + 2), should_turn=True)
    motion.turn()
    look(motion, seconds=range(PATIENCE + 2, PATIENCE + 3), should_turn=True)
    assert motion.stopped_since is None


def test_a_unit_that_stays_past_its_deadline_stops_a_stage_whose_loop_turns() -> None:
    motion = StageMotion(patience=PATIENCE)
    for now in range(PATIENCE + 2):
        motion.turn()
        motion.look(float(now), should_turn=True, overdue=["stuck"])
    assert motion.stopped_since is not None


def test_units_that_are_late_one_after_the_other_do_not_stop_a_stage() -> None:
    motion = StageMotion(patience=PATIENCE)
    for now in range(100):
        motion.turn()
        motion.look(float(now), should_turn=True, overdue=[str(now // 3)])
        assert motion.stopped_since is None


def test_it_is_hopeless_when_it_has_stood_still_twice_as_long() -> None:
    motion = StageMotion(patience=PATIENCE)
    look(motion, seconds=range(2 * PATIENCE + 1), should_turn=True)
    assert not motion.is_hopeless
    look(motion, seconds=range(2 * PATIENCE + 1, 2 * PATIENCE + 2), should_turn=True)
    assert motion.is_hopeless
