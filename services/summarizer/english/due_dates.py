"""Due dates in spoken English: found by their phrase, then parsed by dateparser where it knows the phrase.

A weekday is the next one after the meeting; "next Tuesday" is the Tuesday of the next calendar week; a week ends on
Friday; a period without a day ("next month") means its end.
"""

import calendar
import datetime
import re
from dataclasses import dataclass

import dateparser

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_UNITS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_TEENS = ("ten", "eleven", "twelf", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_ORDINALS = {
    **{word: number for number, word in enumerate((*_UNITS, *(f"{one}th" for one in _TEENS)), start=1)},
    "twentieth": 20,
    "thirtieth": 30,
    **{f"twenty {word}": 20 + number for number, word in enumerate(_UNITS, start=1)},
    "thirty first": 31,
}
_NUMBERS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
_NUMBERS |= {"a": 1, "an": 1, "a couple of": 2}

_ORDINAL = rf"(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))}|\d{{1,2}}(?:st|nd|rd|th)?)"
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_MONTH = rf"(?:{'|'.join(_MONTHS)})"
_PERIOD = "(?:week|month|quarter|year|sprint)"
_PART_OF_DAY = "(?: morning| afternoon| evening| night| noon| at noon)?"
_CORE = "|".join(
    (
        rf"(?:the )?(?:very )?(?P<edge>end|middle|beginning|start) of (?:the )?"
        rf"(?:(?P<edge_next>next|this|following|coming) )?(?P<edge_of>{_PERIOD}|day|{_MONTH})",
        rf"(?:{_WEEKDAY} )?(?:the )?(?P<day>{_ORDINAL}) (?:of )?(?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?",
        rf"(?P<month2>{_MONTH}) (?:the )?(?P<day2>{_ORDINAL})\b(?: (?P<year2>\d{{4}}))?",
        rf"(?:(?P<which>next|this|the following|following|coming|the coming) )?(?P<weekday>{_WEEKDAY})"
        rf"(?P<after> next week| in a week)?{_PART_OF_DAY}",
        rf"(?P<relative>the day after tomorrow|tomorrow|(?<!for )today|tonight){_PART_OF_DAY}",
        r"this (?:morning|afternoon|evening)|close of business|end of business|eod",
        rf"(?:the )?(?P<period_which>next|this|following|coming) (?P<period>{_PERIOD})",
        rf"(?P<count>{'|'.join(_NUMBERS)}|\d{{1,2}}) (?P<unit>day|week|month)s?(?: from (?:now|today)| time)",
    )
)
_LEAD = r"(?:no later than|not later than|at the latest|by|before|until|till|due|on|in|within|for|at|during|buy)"
_PHRASE = re.compile(rf"\b(?:{_LEAD} )*(?:{_CORE})\b(?: at the latest)?")
_WITHIN = re.compile(
    rf"\b(?:in|within)(?: the next)? (?P<count>{'|'.join(_NUMBERS)}|\d{{1,2}}) (?P<unit>day|week|month)s?\b"
)
_DAY_OF_MONTH = re.compile(
    rf"\b(?:by|before|until|on|due) the (?P<day>{_ORDINAL})(?=$| (?:and|at|so|then|to|latest)\b)"
)
_WHOLE_MONTH = re.compile(rf"\b(?:by|before|until|in) (?P<whole_month>{_MONTH})\b")


@dataclass(frozen=True)
class DueDate:
    """A due date, and where it stands."""

    start: int
    end: int
    """Characters of the plain text."""

    day: datetime.date | None
    """`None` without a reference day, or if the phrase names no day that exists."""


def find_due_date(plain: str, reference: datetime.date | None) -> DueDate | None:
    """The first due date in the plain text of a sentence, counted from `reference`."""
    matches = [found for one in (_PHRASE, _WITHIN, _DAY_OF_MONTH, _WHOLE_MONTH) if (found := one.search(plain))]
    if not matches:
        return None
    match = min(matches, key=lambda one: (one.start(), -one.end()))
    day = _resolve(match, reference) if reference else None
    return DueDate(start=match.start(), end=match.end(), day=day)


def _resolve(match: re.Match[str], reference: datetime.date) -> datetime.date | None:
    part = {name: value for name, value in match.groupdict().items() if value is not None}
    if "edge" in part:
        return _edge(part["edge"], part["edge_of"], "edge_next" in part and part["edge_next"] != "this", reference)
    if "period" in part:
        return _edge("end", part["period"], part["period_which"] != "this", reference)
    if "weekday" in part:
        return _weekday(part, reference)
    if "whole_month" in part:
        edge = "end" if match.group(0).startswith("in ") else "start"
        return _edge(edge, part["whole_month"], False, reference)
    if "day" in part and "month" not in part:
        return _day_of_month(_number(part["day"]), reference)
    return _parsed(_phrase(part), reference)


def _phrase(part: dict[str, str]) -> str:
    """The phrase in words that dateparser reads."""
    if "count" in part:
        return f"in {_NUMBERS.get(part['count'], part['count'])} {part['unit']}s"
    if "relative" in part:
        return part["relative"].replace("tonight", "today")
    day = part.get("day") or part.get("day2")
    if day is None:
        return "today"
    month, year = part.get("month") or part.get("month2"), part.get("year") or part.get("year2")
    return " ".join(word for word in (str(_number(day)), month, year) if word)


def _number(ordinal: str) -> int:
    return _ORDINALS.get(ordinal) or int(re.sub(r"\D", "", ordinal))


def _day_of_month(day: int, reference: datetime.date) -> datetime.date | None:
    """The next such day, today included."""
    for months in range(3):
        year, month = divmod(reference.year * 12 + reference.month - 1 + months, 12)
        if 1 <= day <= calendar.monthrange(year, month + 1)[1]:
            found = datetime.date(year, month + 1, day)
            if found >= reference:
                return found
    return None


def _parsed(phrase: str, reference: datetime.date) -> datetime.date | None:
    moment = datetime.datetime.combine(reference, datetime.time())
    found = dateparser.parse(
        phrase, languages=["en"], settings={"RELATIVE_BASE": moment, "PREFER_DATES_FROM": "future"}
    )
    return found.date() if found else None


def _weekday(part: dict[str, str], reference: datetime.date) -> datetime.date:
    number = _WEEKDAYS.index(part["weekday"])
    monday = reference - datetime.timedelta(days=reference.weekday())
    if part.get("which") == "next" or part.get("after") == " next week":
        return monday + datetime.timedelta(days=7 + number)
    ahead = (number - reference.weekday() - 1) % 7 + 1
    return reference + datetime.timedelta(days=ahead + (7 if "after" in part else 0))


def _edge(edge: str, period: str, is_next: bool, reference: datetime.date) -> datetime.date | None:
    """The beginning, middle or end of a period."""
    if period == "day":
        return reference
    if period == "week":
        return _week_edge(edge, is_next, reference)
    span = _span(period, is_next, reference)
    return _span_edge(edge, *span) if span else None


def _span(period: str, is_next: bool, reference: datetime.date) -> tuple[int, int, int] | None:
    """Year, first month and number of months of a period; `None` for one that the calendar does not know."""
    match period:
        case "month":
            return reference.year, reference.month + is_next, 1
        case "quarter":
            return reference.year, (reference.month - 1) // 3 * 3 + 1 + 3 * is_next, 3
        case "year":
            return reference.year + is_next, 1, 12
        case _ if period in _MONTHS:
            month = _MONTHS.index(period) + 1
            return reference.year + (month < reference.month), month, 1
        case _:
            return None


def _week_edge(edge: str, is_next: bool, reference: datetime.date) -> datetime.date:
    monday = reference - datetime.timedelta(days=reference.weekday() - 7 * is_next)
    day = monday + datetime.timedelta(days={"beginning": 0, "start": 0, "middle": 2, "end": 4}[edge])
    return day if day >= reference else max(reference, monday + datetime.timedelta(days=6))


def _span_edge(edge: str, year: int, month: int, months: int) -> datetime.date:
    match edge:
        case "end":
            return _month_day(year, month + months - 1, 31)
        case "middle":
            return _month_day(year, month + months // 2, 15 if months % 2 else 1)
        case _:
            return _month_day(year, month, 1)


def _month_day(year: int, month: int, day: int) -> datetime.date:
    """A day of a month, or its last; months count on past December."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return datetime.date(year, month, min(day, calendar.monthrange(year, month)[1]))
