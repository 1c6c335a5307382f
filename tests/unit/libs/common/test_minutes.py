"""What minutes take of a remote model."""

from libs.common.minutes import Usage

PAID = Usage(calls=2, cached_calls=1, input_tokens=900, cached_input_tokens=100, output_tokens=80, cost_usd=0.25)


def test_usages_add_up() -> None:
    twice = Usage(calls=4, cached_calls=2, input_tokens=1800, cached_input_tokens=200, output_tokens=160, cost_usd=0.5)
    assert sum([PAID, PAID], Usage()) == twice


def test_the_cost_of_a_sum_is_unknown_as_soon_as_one_parts_is() -> None:
    unpriced = Usage(calls=1, input_tokens=5, cost_usd=None)
    assert (PAID + unpriced).cost_usd is None
    assert (unpriced + PAID).cost_usd is None
    assert (unpriced + PAID).input_tokens == 905
