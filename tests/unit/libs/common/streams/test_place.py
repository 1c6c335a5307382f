"""Places in the course of several streams, each of which numbers its entries itself."""

import pytest

from libs.common.streams.place import Place


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(1763837104123).after("one.v1", "1763837104125-0").after("two.v1", "1763837104125-3")
    assert str(place) == "1763837104125;one.v1=0;two.v1=3"
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize(
    "text", ["", "x", "12;", "12;one", "12;one=x", "12 one=1", "-1", "12;one=1;", "1" * 16, f"12;one={2**64}"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no place"):
        Place.parse(text)


def test_only_what_was_seen_within_the_millisecond_lies_before() -> None:
    place = Place(0).after("one.v1", "5-0").after("one.v1", "9-0").after("one.v1", "9-1")
    assert place.last_id("one.v1") == "9-1"
    assert place.last_id("two.v1") == f"8-{2**64 - 1}"


def test_everything_lies_behind_the_first_place() -> None:
    assert Place(0).last_id("one.v1") == "0-0"


def test_a_clock_that_is_set_back_takes_no_place_back() -> None:
    place = Place(0).after("one.v1", "9-0")
    assert place.after("two.v1", "7-0") == place
