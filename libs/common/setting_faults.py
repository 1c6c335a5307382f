"""Says of wrong settings what was wrong, what is expected and the cure; never a secret."""

import difflib
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_settings import BaseSettings

from libs.common.setting_fields import Variable, variable_names, variables_of

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_CLOSE = 0.88
"""Likeness of two names, from 0 to 1, from which one is taken for the other: one letter of eight or more."""

_LONG = 8
"""Characters from which a name counts as long: short ones may differ by one slip alone, as many are alike."""

_SHORTEST = 5
"""Characters of a name that may be misspelt."""

_OTHERS = frozenset({"TRACE"})
"""Short names that other programs read, one slip away from ours."""

_SHOWN = 40
"""Characters of a wrong value; who sees more may see what was pasted into the wrong variable."""

_NAMES = frozenset({"Amazon", "OpenAI", "OpenTelemetry", "Postgres", "Redis"})
"""Words that keep their capital within a sentence."""


@dataclass(frozen=True)
class Misspelt:
    """A variable that nobody reads, and the one that was probably meant."""

    name: str
    meant: str


def faults(settings: type[BaseSettings], error: "ValidationError") -> Sequence[str]:
    """One text for each wrong or missing variable, with its name and the cure."""
    by_place = {key: one for one in variables_of(settings) for key in _places(settings, one)}
    return [_fault(by_place.get(str(one["loc"][0]).upper() if one["loc"] else ""), one) for one in error.errors()]


def misspelt(settings: type[BaseSettings], environment: Iterable[str]) -> Sequence[Misspelt]:
    """Variables that look like one of these settings and are none."""
    known = sorted({key for name, field in settings.model_fields.items() for key in variable_names(name, field)})
    return [
        Misspelt(name, meant)
        for name in sorted(set(environment))
        if name.upper() not in known and (meant := _meant(name.upper(), known))
    ]


def _meant(name: str, known: Sequence[str]) -> str | None:
    if len(name) >= _LONG:
        return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)), None)
    if len(name) < _SHORTEST or name in _OTHERS:
        return None
    close = [one for one in known if len(one) >= _SHORTEST and _is_one_slip(name, one)]
    return close[0] if len(close) == 1 else None


def _is_one_slip(name: str, other: str) -> bool:
    """Whether one letter too many, too few or wrong, or two neighbours that changed places, are all the difference."""
    if len(name) == len(other):
        swapped = (name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1))
        return sum(map(operator.ne, name, other)) == 1 or other in swapped
    shorter, longer = sorted((name, other), key=len)
    return shorter in (longer[:at] + longer[at + 1 :] for at in range(len(longer)))


def _places(settings: type[BaseSettings], variable: Variable) -> Iterable[str]:
    """The names by which pydantic may call it: that of the field, or an alias."""
    for name, field in settings.model_fields.items():
        names = variable_names(name, field)
        if names[0] == variable.name:
            yield from (name.upper(), *names)


def _fault(variable: Variable | None, error: "ErrorDetails") -> str:
    if variable is None:
        return error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":  # a check of the class's own says it better
        return f"{variable.name} {error['msg'].removeprefix('Value error, ')}"
    return f"{variable.name} is {_given(variable, error)}: set it to {variable.expected}{_purpose(variable)}"


def _given(variable: Variable, error: "ErrorDetails") -> str:
    if error["type"] == "missing":
        return "missing"
    value = error["input"]
    if variable.secrecy != "no" or not isinstance(value, str) or len(value) > _SHOWN:
        return "wrong"
    return f"{value!r}"


def _purpose(variable: Variable) -> str:
    """The first statement of the description."""
    statement = variable.description.partition(". ")[0].partition("; ")[0].rstrip(".")
    if not statement:
        return ""
    is_name = statement.split(maxsplit=1)[0] in _NAMES
    return f" ({statement if is_name else statement[0].lower() + statement[1:]})"
