"""What the fields of a settings class say about the variables that they are read from."""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args, get_origin

import annotated_types
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from libs.common.units import HoldsPassword, Unit

Secrecy = Literal["no", "password inside", "whole"]

_UNSAID = frozenset({None, "count", "TCP port", "0 to 1"})
"""Units that the name of a variable, or its bounds, say already."""


@dataclass(frozen=True)
class Variable:
    """One variable of the environment."""

    name: str
    kind: str
    """`text`, `number`, `whole number`, `path`, `true or false`, or the choices."""

    bounds: str
    """Of a number, as in `above 0`; empty without."""

    unit: str | None
    default: object
    """`PydanticUndefined` where there is none and the variable is required."""

    default_text: str | None
    """What a default that is made at start says about itself."""

    description: str
    secrecy: Secrecy

    @property
    def is_required(self) -> bool:
        return self.default is PydanticUndefined and self.default_text is None

    @property
    def expected(self) -> str:
        """What to set it to."""
        if self.secrecy == "password inside":
            return f"an address such as {self.default}" if isinstance(self.default, str) else "an address"
        if not self.kind.endswith(("number", "text", "path")):
            return self.kind
        unit = f", in {self.unit}" if self.unit not in _UNSAID else ""
        return " ".join(filter(None, [f"a {self.kind}", self.bounds])) + unit


def variables_of(settings: type[BaseSettings]) -> Sequence[Variable]:
    """The variables of a settings class, in the order of its fields."""
    return [_variable(name, field) for name, field in settings.model_fields.items()]


def variable_names(name: str, field: FieldInfo) -> Sequence[str]:
    """The names under which a field is read, in capitals; the first is the one that people are told."""
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
    return [str(one).upper() for one in choices]


def _variable(name: str, field: FieldInfo) -> Variable:
    metadata = [*field.metadata, *_marks(field.annotation)]
    units = [one.name for one in metadata if isinstance(one, Unit)]
    return Variable(
        name=variable_names(name, field)[0],
        kind=_kind(field.annotation),
        bounds=_bounds(metadata),
        unit=units[0] if units else None,
        default=field.default,
        default_text=(field.default_factory.__doc__ or "").strip() if field.default_factory else None,
        description=" ".join((field.description or "").split()),
        secrecy=_secrecy(field.annotation, metadata),
    )


def _marks(annotation: object) -> Iterator[object]:
    """The metadata of a type and of those that it is made of."""
    if get_origin(annotation) is Annotated:
        yield from typing.cast(tuple[object, ...], annotation.__metadata__)  # type: ignore[attr-defined]
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _marks(part)


def _plain(annotation: object) -> object:
    """The type without `None` and metadata."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {types.UnionType, typing.Union}:
        return _plain(next(one for one in get_args(annotation) if one is not types.NoneType))
    return annotation


_KINDS: Mapping[object, str] = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def _kind(annotation: object) -> str:
    plain = _plain(annotation)
    if get_origin(plain) is Literal:
        *others, last = map(str, get_args(plain))
        return f"{', '.join(others)} or {last}" if others else last
    if isinstance(plain, type) and issubclass(plain, SecretStr):
        return "text"
    return _KINDS.get(plain, "path" if getattr(plain, "__module__", "").startswith("pathlib") else "text")


def _bounds(metadata: Sequence[object]) -> str:
    above = [f"above {one.gt}" for one in metadata if isinstance(one, annotated_types.Gt)]
    least = [str(one.ge) for one in metadata if isinstance(one, annotated_types.Ge)]
    most = [str(one.le) for one in metadata if isinstance(one, annotated_types.Le)]
    if least and most:
        return f"from {least[0]} to {most[0]}"
    bounds = [*above, *(f"of at least {one}" for one in least), *(f"of at most {one}" for one in most)]
    return " and ".join(bounds)


def _secrecy(annotation: object, metadata: Sequence[object]) -> Secrecy:
    plain = _plain(annotation)
    if isinstance(plain, type) and issubclass(plain, SecretStr):
        return "whole"
    return "password inside" if any(isinstance(one, HoldsPassword) for one in metadata) else "no"
