"""Commands about the runs of a meeting: work it again, and see what that changed."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import JsonValue

from cli.answers.runs import Run
from cli.commands.cases import replay_locally
from cli.commands.meetings import show_meeting
from cli.commands.reporting import console, errors, print_json, reports_failures
from cli.follow import follow, says_how_to_return
from cli.options import DEFAULT_GATEWAY, AsJson, GatewayUrl, Layout, MeetingId, RunName
from cli.run_names import WORDS, find_run
from cli.runs_client import ReplayWish, RunsGateway
from cli.show_comparison import show_comparison
from cli.show_runs import runs_lines


class Stage(StrEnum):
    """Where a replay can begin."""

    NORMALIZE = "normalize"
    DIARIZE = "diarize"
    MATCH = "match"
    TRANSCRIBE = "transcribe"
    SUMMARIZE = "summarize"


class Current(StrEnum):
    """When the meeting shows the new run."""

    NOW = "now"
    WHEN_COMPLETED = "when_completed"
    NEVER = "never"


@reports_failures
def replay(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="MEETING", help="Id of the meeting; with --local: STAGE EVENT, or an exported file."),
    ],
    *,
    from_stage: Annotated[
        Stage | None, typer.Option("--from", help="First stage to work again; what those before it made is reused.")
    ] = None,
    run: RunName = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SERVICE.NAME=VALUE", help="A setting to change; may be repeated."),
    ] = None,
    persona: Annotated[list[str] | None, typer.Option(help="For whom to write minutes; may be repeated.")] = None,
    current: Annotated[
        Current | None,
        typer.Option(help="When the meeting shows the new run; by default when completed, or now after a failure."),
    ] = None,
    is_local: Annotated[
        bool, typer.Option("--local", help="Work one recorded unit in this process instead, for a debugger.")
    ] = False,
    is_debugged: Annotated[
        bool, typer.Option("--pdb", help="With --local: stop in the debugger, at the handler and where it fails.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the end and show the results.")] = True,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Work a meeting again from a stage on, beside the old run: --from diarize --set diarizer.max_speakers=4."""
    if is_local:
        if any((from_stage, run, persona, current)):
            raise typer.BadParameter("of the other options it takes --set and --pdb", param_hint="--local")
        replay_locally(
            targets, settings=settings or (), gateway_url=gateway_url, as_json=as_json, is_debugged=is_debugged
        )
        return
    if is_debugged:
        raise typer.BadParameter("goes with --local", param_hint="--pdb")
    meeting_id = _one_meeting(targets)
    if from_stage is None:
        raise typer.BadParameter(f"say where to begin: --from {'|'.join(Stage)}", param_hint="--from")
    chosen = parse_settings(settings or ())
    with RunsGateway(gateway_url, errors) as gateway:
        origin = gateway.run_id(meeting_id, run)
        wish = ReplayWish(from_stage.value, origin, chosen, persona, current.value if current else None)
        accepted = gateway.replay(meeting_id, wish)
        if not wait:
            print_json(accepted) if as_json else console.print(accepted.run_id)
            return
        _follow_replay(gateway, meeting_id, accepted.run_id, Layout.JSON if as_json else Layout.SHOW)


def _follow_replay(gateway: RunsGateway, meeting_id: str, run_id: str, layout: Layout) -> None:
    with says_how_to_return(meeting_id, errors, run_id=run_id):
        follow(gateway, meeting_id, errors, run_id=run_id)
    show_meeting(gateway, meeting_id, layout, run_id=run_id)
    errors.print(f"Compare: hansard diff {meeting_id} origin {run_id}", markup=False, soft_wrap=True)


@reports_failures
def runs(meeting_id: MeetingId, gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List the runs of a meeting, newest first; `*` is the one that it shows."""
    with RunsGateway(gateway_url, errors) as gateway:
        every = gateway.runs(meeting_id)
    if as_json:
        print_json(every)
        return
    for line in runs_lines(every):
        typer.echo(line)


@reports_failures
def use(
    meeting_id: MeetingId,
    run: Annotated[str, typer.Argument(help=f"{WORDS[0].upper()}{WORDS[1:]}.")],
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Let a meeting show another run."""
    with RunsGateway(gateway_url, errors) as gateway:
        chosen = gateway.make_current(meeting_id, find_run(gateway.runs(meeting_id), run).run_id)
    print_json(chosen) if as_json else typer.echo(f"Meeting {meeting_id} shows run {chosen.run_id} now.")
    if chosen.status in {"failed", "cancelled"}:
        warning = f"hansard: warning: that run is {chosen.status}; the meeting now shows a run without full results"
        errors.print(warning, style="yellow", markup=False, soft_wrap=True)


@reports_failures
def diff(
    meeting_id: MeetingId,
    before: Annotated[str, typer.Argument(help=f"The run to compare with: {WORDS}.")] = "origin",
    after: Annotated[str, typer.Argument(help="The run that is compared with it, named alike.")] = "newest",
    *,
    collar: Annotated[float, typer.Option(min=0, max=5, help="Seconds around boundaries that DER leaves out.")] = 0.0,
    is_whole: Annotated[bool, typer.Option("--all", help="Show every difference, not only the first.")] = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two runs: the newest against the one that it replayed, unless others are named."""
    with RunsGateway(gateway_url, errors) as gateway:
        old, new = _pair(gateway.runs(meeting_id), before, after)
        comparison = gateway.compare(meeting_id, old.run_id, new.run_id, collar=collar)
    print_json(comparison) if as_json else show_comparison(console, comparison, is_whole=is_whole)


def parse_settings(settings: Sequence[str]) -> dict[str, JsonValue]:
    """`service.name=value` each; a value that is JSON is taken as such, and any other as text.

    Raises:
        BadParameter: One is not written so.
    """
    chosen: dict[str, JsonValue] = {}
    for one in settings:
        name, equals, value = one.partition("=")
        if not equals or "." not in name:
            text = f"{one!r} is not SERVICE.NAME=VALUE, such as diarizer.max_speakers=4"
            raise typer.BadParameter(text, param_hint="--set")
        chosen[name] = _value(value)
    return chosen


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _one_meeting(targets: Sequence[str]) -> str:
    if len(targets) != 1:
        text = f"name one meeting; what follows it ({' '.join(targets[1:])}) goes with --local only"
        raise typer.BadParameter(text, param_hint="MEETING")
    return targets[0]


def _pair(every: Sequence[Run], before: str, after: str) -> tuple[Run, Run]:
    """`origin` is always that of the other run."""
    new = find_run(every, after)
    return find_run(every, before, replayed_by=new), new
