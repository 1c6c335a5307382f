"""The page of all settings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from libs.common.setting_fields import Variable
from scripts.settings_page.purposes import PURPOSES, purpose_of
from scripts.settings_page.sources import SERVICES, Entry, entries

ROOT = Path(__file__).parents[2]

_HEAD = Path(__file__).parent / "head.md"


def page() -> str:
    """The whole page, in Markdown."""
    everything = entries()
    grouped = ((each, [one for one in everything if purpose_of(one.variable.name) == each]) for each in PURPOSES)
    parts = ("\n".join([f"## {purpose.title}", "", *_table(own), ""]) for purpose, own in grouped if own)
    return "\n".join([_HEAD.read_text("utf-8"), *parts])


def _table(rows: Sequence[Entry]) -> Iterator[str]:
    yield "| variable | read by | value | unit | default | what it is |"
    yield "|---|---|---|---|---|---|"
    for one in rows:
        cells = (
            f"`{one.variable.name}`",
            "all" if len(one.readers) == len(SERVICES) else ", ".join(one.readers),
            _value(one.variable),
            one.variable.unit or "",
            _defaults(one),
            _description(one.variable),
        )
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _value(variable: Variable) -> str:
    if variable.secrecy == "password inside":
        return "address"
    return f"{variable.kind} {variable.bounds}".strip()


def _defaults(entry: Entry) -> str:
    texts = {reader: _default(variable) for reader, variable in entry.by_reader.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{text} ({reader})" for reader, text in texts.items())


def _default(variable: Variable) -> str:
    if variable.is_required:
        return "**required**"
    if variable.default_text is not None:
        return variable.default_text.rstrip(".")
    return "" if variable.default is None else f"`{_shown(variable.default)}`"


def _shown(default: object) -> str:
    match default:
        case bool():
            return str(default).lower()
        case Path() if default.is_relative_to(ROOT):
            return str(default.relative_to(ROOT))
        case float() if default.is_integer():
            return str(int(default))
        case _:
            return str(default)


def _description(variable: Variable) -> str:
    secret = {"no": "", "password inside": " The password in it is **secret**.", "whole": " **Secret.**"}
    return variable.description + secret[variable.secrecy]
