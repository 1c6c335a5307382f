"""How long things wait before they are tried again."""

from libs.common.runtime.retry import postponement


def longest(waited: float) -> float:
    return max(postponement(waited) for _ in range(1000))


def test_a_unit_waits_for_about_as_long_again_as_it_has_waited() -> None:
    assert longest(0.0) <= 2.0
    assert 9.0 < longest(10.0) <= 12.0
    assert 28.0 < longest(3600.0) <= 32.0


def test_units_that_an_outage_hit_together_come_back_one_by_one() -> None:
    assert len({postponement(0.0) for _ in range(100)}) == 100
