"""Pairs that weigh the most together."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from libs.common.scoring.pairing import best_pairs


def test_a_pair_gives_way_to_two_that_weigh_more_together() -> None:
    assert best_pairs({("a", "x"): 10, ("a", "y"): 8, ("b", "x"): 7}) == {"a": "y", "b": "x"}


def test_members_of_both_groups_may_have_the_same_name() -> None:
    assert best_pairs({("a", "b"): 5, ("b", "a"): 5, ("a", "a"): 1}) == {"a": "b", "b": "a"}


def test_who_fits_nobody_is_left_out() -> None:
    assert best_pairs({("a", "x"): 1, ("b", "x"): 2, ("c", "y"): 0}) == {"b": "x"}
    assert best_pairs({}) == {}


@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=4, max_size=4))
def test_no_other_pairing_weighs_more(rows: list[list[int]]) -> None:
    weights = {(one, other): weight for one, row in enumerate(rows) for other, weight in enumerate(row)}
    best = max(sum(rows[one][other] for one, other in enumerate(order)) for order in permutations(range(4)))
    assert sum(weights[pair] for pair in best_pairs(weights).items()) == best
