"""What all commands share: where they write, how they fail, and how they print."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

import typer
from rich.console import Console

from cli.answers.answer import Answer
from cli.errors import CommandFailed

P = ParamSpec("P")

console = Console()
errors = Console(stderr=True)


def reports_failures(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a failure into one line on stderr and an exit code; `--json` has the gateway's last word on stdout."""

    @wraps(command)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CommandFailed as failure:
            if kwargs.get("as_json") and failure.answer is not None:
                print_json(failure.answer)
            errors.print(f"hansard: {failure.message}", style="red", markup=False, soft_wrap=True)
            raise typer.Exit(failure.exit_code) from failure

    return reporting


def print_json(answer: Answer | Iterable[Answer]) -> None:
    """One document, whatever the command."""
    if isinstance(answer, Answer):
        console.print_json(answer.model_dump_json())
    else:
        console.print_json(data=[one.model_dump(mode="json") for one in answer])


def print_lines(lines: Iterable[str], *, otherwise: str) -> None:
    """One line each, or what to say when there is none."""
    is_empty = True
    for line in lines:
        is_empty = False
        typer.echo(line)
    if is_empty:
        typer.echo(otherwise)
