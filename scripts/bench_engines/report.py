"""What was measured, as tables for people and as JSON for machines."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from libs.common.speech import Frozen

Figure = str | float | None


class Measured(Frozen):
    """One table of figures and how they came about."""

    part: str
    title: str
    conditions: tuple[str, ...]
    """What a reader must know to judge the figures, one sentence each."""

    rows: tuple[dict[str, Figure], ...]
    """All with the same columns, in their order."""


class Report(Frozen):
    """One run of the benchmark."""

    machine: dict[str, str]
    measured: tuple[Measured, ...]


def show(console: Console, measured: Measured) -> None:
    """Print one table and its conditions."""
    table = Table(title=measured.title)
    columns = list(measured.rows[0]) if measured.rows else []
    for column in columns:
        is_text = any(isinstance(row[column], str) for row in measured.rows)
        table.add_column(column, justify="left" if is_text else "right")
    for row in measured.rows:
        table.add_row(*(_text(row[column]) for column in columns))
    console.print(table)
    show_lines(console, measured.conditions)


def show_lines(console: Console, lines: Iterable[str]) -> None:
    """Print plain sentences, whatever brackets they have."""
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False)


def _text(figure: Figure) -> str:
    match figure:
        case None:
            return "-"
        case float():
            return f"{figure:.3g}" if abs(figure) < 100 else f"{figure:.0f}"
        case _:
            return str(figure)
