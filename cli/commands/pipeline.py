"""Commands about the line itself."""

import re
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from cli.commands.reporting import console, errors, print_json, print_lines, reports_failures
from cli.errors import HealthDegraded
from cli.options import DEFAULT_GATEWAY, AsJson, GatewayUrl, RunName
from cli.pipeline_client import PipelineGateway, TailWish
from cli.show import show_health
from cli.show_pipeline import history_lines, streams_table, tail_line

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST = 30 * 86400.0
"""A gateway goes back no further."""

_PERIOD = 1.0
_WIDE = 160
"""Where no terminal says how wide a line may be."""


def _duration(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration, such as 90s, 10m, 2h or 1d")
    seconds = float(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST:
        raise typer.BadParameter("at most 30d")
    return seconds


@reports_failures
def health(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """Show the gateway's dependencies and the stages of the line; fails if something is wrong."""
    with PipelineGateway(gateway_url, errors) as gateway:
        current = gateway.health()
        if not as_json:
            show_health(console, current)
        if current.status != "ok":
            raise HealthDegraded("; ".join(current.problems) or current.status, current)
        if as_json:
            print_json(current)


@reports_failures
def streams(
    watch: Annotated[
        bool,
        typer.Option("--watch", help="On a terminal: stay, and show it again every second; else it is shown once."),
    ] = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show every stage of the line: what waits, who works, how fast, and what was given up or lost."""
    with PipelineGateway(gateway_url, errors) as gateway:
        if as_json:
            print_json(gateway.pipeline())
        elif watch and console.is_terminal:
            _watch(gateway)
        else:
            shown = console if console.is_terminal else Console(width=_WIDE)
            shown.print(streams_table(gateway.pipeline(), width=shown.width))


def _watch(gateway: PipelineGateway) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(streams_table(gateway.pipeline(), width=console.width), refresh=True)
            time.sleep(_PERIOD)


@reports_failures
def tail(
    *,
    meeting: Annotated[str | None, typer.Option(help="Only events of this meeting.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only what this stage published; may be repeated.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was given up.")] = False,
    since: Annotated[
        float | None, typer.Option(parser=_duration, metavar="DURATION", help="Begin so long ago: 90s, 10m, 2h, 1d.")
    ] = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Follow events as they happen, until Ctrl-C; with --json, one document per line."""
    wish = TailWish(meeting, tuple(stage or ()), failed, since)
    with PipelineGateway(gateway_url, errors) as gateway:
        for event in gateway.tail(wish, lambda text: errors.print(f"-- {text}", style="dim", markup=False)):
            typer.echo(event.model_dump_json() if as_json else tail_line(event))


@reports_failures
def events(
    identifier: Annotated[str, typer.Argument(help="Id of a meeting, or of a speaker with --speaker.")],
    *,
    run: RunName = None,
    is_speaker: Annotated[bool, typer.Option("--speaker", help="The history of a speaker's samples.")] = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show what happened to a meeting, event by event, with the times between."""
    with PipelineGateway(gateway_url, errors) as gateway:
        found = (
            gateway.speaker_events(identifier)
            if is_speaker
            else gateway.events(identifier, gateway.run_id(identifier, run))
        )
        print_json(found) if as_json else print_lines(history_lines(found), otherwise="Nothing has happened yet.")
