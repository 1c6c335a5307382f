import datetime

import pytest

from services.summarizer.english.due_dates import find_due_date

WEDNESDAY = datetime.date(2026, 3, 11)


@pytest.mark.parametrize(
    ("plain", "day"),
    [
        ("by friday", "2026-03-13"),
        ("next tuesday", "2026-03-17"),
        ("before the end of the month", "2026-03-31"),
        ("on the fifth of may", "2026-05-05"),
        ("may fifth", "2026-05-05"),
        ("tomorrow", "2026-03-12"),
        ("tomorrow morning", "2026-03-12"),
        ("the day after tomorrow", "2026-03-13"),
        ("by the end of the week", "2026-03-13"),
        ("by the end of next week", "2026-03-20"),
        ("by the end of next month", "2026-04-30"),
        ("by the end of the quarter", "2026-03-31"),
        ("in two weeks", "2026-03-25"),
        ("within the next three days", "2026-03-14"),
        ("by the twenty third", "2026-03-23"),
        ("by the second", "2026-04-02"),
        ("on the first of january", "2027-01-01"),
        ("in june", "2026-06-30"),
        ("by may", "2026-05-01"),
        ("may 5 2027", "2027-05-05"),
        ("this afternoon", "2026-03-11"),
        ("in the middle of april", "2026-04-15"),
    ],
)
def test_a_due_date_counts_from_the_day_of_the_meeting(plain: str, day: str) -> None:
    found = find_due_date(f"i will send it {plain}", WEDNESDAY)

    assert found is not None
    assert found.day == datetime.date.fromisoformat(day)


def test_a_weekday_is_the_next_one_and_never_the_day_of_the_meeting() -> None:
    found = find_due_date("by wednesday", WEDNESDAY)

    assert found is not None
    assert found.day == datetime.date(2026, 3, 18)


def test_next_friday_is_in_the_next_week_also_when_this_week_has_one_left() -> None:
    found = find_due_date("next friday", WEDNESDAY)

    assert found is not None
    assert found.day == datetime.date(2026, 3, 20)


def test_the_end_of_a_month_is_its_last_day_in_leap_years_too() -> None:
    found = find_due_date("by the end of february", datetime.date(2028, 1, 10))

    assert found is not None
    assert found.day == datetime.date(2028, 2, 29)


@pytest.mark.parametrize(
    "plain",
    ["i may ask two people", "it is on the second floor", "i will take the second one", "that is all for today"],
)
def test_what_only_sounds_like_a_date_is_none(plain: str) -> None:
    assert find_due_date(plain, WEDNESDAY) is None


def test_without_a_day_of_the_meeting_the_words_are_found_but_no_date() -> None:
    found = find_due_date("send it by friday", None)

    assert found is not None
    assert (found.start, found.end, found.day) == (8, 17, None)


def test_a_day_that_does_not_exist_has_no_date() -> None:
    found = find_due_date("on the thirty first of february", WEDNESDAY)

    assert found is not None
    assert found.day is None
