"""How long something has stood still."""

import datetime

from libs.common.status.standstill import Standstill


def test_it_counts_from_the_first_look_at_which_nothing_moved() -> None:
    still = Standstill()
    for now in (10.0, 10.5, 11.0):
        still.look(now, is_still=True)
    assert still.seconds == 1.0
    assert still.since is not None
    assert still.since <= datetime.datetime.now(datetime.UTC)


def test_it_begins_anew_when_something_moves() -> None:
    still = Standstill()
    for now, is_still in ((10.0, True), (11.0, True), (12.0, False), (13.0, True)):
        still.look(now, is_still=is_still)
    assert still.seconds == 0.0


def test_a_process_that_was_frozen_blames_nobody_for_what_it_did_not_see() -> None:
    still = Standstill()
    still.look(10.0, is_still=True)
    still.look(10_000.0, is_still=True)
    assert still.seconds == 2.0
