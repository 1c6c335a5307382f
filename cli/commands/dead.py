"""Commands about what was given up."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, TypeVar

import typer

from cli.answers.answer import Answer
from cli.answers.pipeline import DeadLetter
from cli.commands.reporting import console, errors, print_json, print_lines, reports_failures
from cli.options import DEFAULT_GATEWAY, AsJson, GatewayUrl
from cli.pipeline_client import PipelineGateway
from cli.show_pipeline import letter_line, retried_lines

A = TypeVar("A", bound=Answer)

_NOTHING = "Nothing was given up."

app = typer.Typer(help="List, show, retry or drop what was given up.", no_args_is_help=True)

_EVENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/\w+(\.[^/#]+)?(#0)?", re.IGNORECASE)


def _event(text: str) -> str:
    if not _EVENT.fullmatch(text):
        raise typer.BadParameter(f"{text} is no event: hansard dead list prints them as RUN/STAGE#0")
    return text


Events = Annotated[
    list[str] | None, typer.Argument(metavar="EVENT", parser=_event, help="As `hansard dead list` names them.")
]
Code = Annotated[str | None, typer.Option(help="All of this code, such as engine_crashed.")]
Every = Annotated[bool, typer.Option("--all", help="All, whatever the code.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which.")]


@app.command("list")
@reports_failures
def list_letters(
    code: Annotated[str | None, typer.Option(help="Only this code, such as engine_crashed.")] = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """List the units that were given up and wait for somebody to look at them, newest first."""
    with PipelineGateway(gateway_url, errors) as gateway:
        letters = gateway.dead_letters(code)
        if as_json:
            print_json(letters)
        else:
            print_lines(_lines(gateway, letters, code), otherwise=_NOTHING)


def _lines(gateway: PipelineGateway, letters: Iterable[DeadLetter], code: str | None) -> Iterator[str]:
    """One for each, or that there are none of this code, and which codes there are."""
    lines = [letter_line(one) for one in letters]
    yield from lines
    if code is not None and not lines:
        others = ", ".join(gateway.dead_codes())
        yield f"Nothing was given up with code {code}.{f' There are: {others}.' if others else ''}"


@app.command()
@reports_failures
def show(
    event: Annotated[str, typer.Argument(metavar="EVENT", parser=_event, help="As `hansard dead list` names it.")],
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show one with its whole outcome: the input, the report, and what was published instead."""
    with PipelineGateway(gateway_url, errors) as gateway:
        found = gateway.dead_letter(event)
        if as_json:
            print_json(found)
            return
        typer.echo(letter_line(found.letter))
        typer.echo(f"input: {found.letter.input or 'unknown'}")
        if found.outcome is not None:
            console.print_json(data=found.outcome)


@app.command()
@reports_failures
def retry(
    events: Events = None,
    *,
    code: Code = None,
    every: Every = False,
    dry_run: DryRun = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Do again what was given up, in new runs that take over everything else."""
    _check(events, code=code, every=every, dry_run=dry_run)
    with PipelineGateway(gateway_url, errors) as gateway:
        answers = _each(events, gateway.retry, lambda: gateway.retry_all(code, is_dry_run=dry_run))
        if as_json:
            print_json(answers)
            return
        print_lines((line for one in answers for line in retried_lines(one)), otherwise=_NOTHING)


@app.command()
@reports_failures
def drop(
    events: Events = None,
    *,
    code: Code = None,
    every: Every = False,
    dry_run: DryRun = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Take what was given up off the list; nothing else changes."""
    _check(events, code=code, every=every, dry_run=dry_run)
    with PipelineGateway(gateway_url, errors) as gateway:
        answers = _each(events, gateway.drop, lambda: gateway.drop_all(code, is_dry_run=dry_run))
        if as_json:
            print_json(answers)
            return
        verb = "would be dropped" if dry_run else "is dropped"
        print_lines((f"{event} {verb}" for one in answers for event in one.events), otherwise=_NOTHING)


def _check(events: Sequence[str] | None, *, code: str | None, every: bool, dry_run: bool) -> None:
    if [bool(events), code is not None, every].count(True) != 1:
        raise typer.BadParameter("name events, or give one of --code and --all")
    if events and dry_run:
        raise typer.BadParameter("goes with --code or --all", param_hint="--dry-run")


def _each(events: Sequence[str] | None, one: Callable[[str], A], every: Callable[[], A]) -> Iterator[A]:
    """One answer after the other: what was done before one fails has been told."""
    yield from map(one, events) if events else [every()]
