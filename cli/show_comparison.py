"""How two runs side by side look at a terminal, and as plain text."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.answers.comparison import Comparison
from cli.side_by_side import Cell, Row, Section, numbers, sections

_MOST_ROWS = 20


def show_comparison(console: Console, comparison: Comparison, *, is_whole: bool) -> None:
    """Numbers first, then names, turns, words and minutes; of each the first rows, or all of them."""
    before, after = (f"{one.run_id} ({one.status})" for one in (comparison.before, comparison.after))
    console.print(Text(f"before    {before}\nafter     {after}"), soft_wrap=True)
    for line in numbers(comparison):
        console.print(Text(line), soft_wrap=True)
    for one in comparison.missing:
        console.print(Text(f"missing   {one.run_id}: {one.message}", style="yellow"), soft_wrap=True)
    for section in sections(comparison):
        if section.rows:
            _show_section(console, section, _MOST_ROWS if not is_whole else len(section.rows))


def _show_section(console: Console, section: Section, most: int) -> None:
    console.print()
    console.print(Text(section.title, style="bold"))
    rows = section.rows[:most]
    if console.is_terminal:
        console.print(_table(rows))
    else:
        for line in (line for row in rows for line in _lines(row)):
            console.print(Text(line), soft_wrap=True)
    if len(section.rows) > most:
        console.print(Text(f"… and {len(section.rows) - most} more: --all shows them", style="dim"))


def _table(rows: tuple[Row, ...]) -> Table:
    table = Table("", "before", "after", box=None, pad_edge=False, expand=True)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.ratio = 1
    for row in rows:
        subject = " → ".join(dict.fromkeys(one for one in row.subjects if one))
        table.add_row(Text(subject, style="dim"), _styled(row.before, "red"), _styled(row.after, "green"))
    return table


def _styled(cell: Cell, style: str) -> Text:
    return Text(" ").join(Text(text, style=style if is_different else "") for text, is_different in cell)


def _lines(row: Row) -> Iterator[str]:
    """As `git diff --word-diff` writes it: what differs stands in brackets."""
    before, after = (f"{one}  " if one else "" for one in row.subjects)
    if row.before:
        yield f"- {before}{_marked(row.before, '[-', '-]')}"
    if row.after:
        yield f"+ {after}{_marked(row.after, '{+', '+}')}"


def _marked(cell: Cell, opening: str, closing: str) -> str:
    return " ".join(f"{opening}{text}{closing}" if is_different else text for text, is_different in cell)
