"""Commands about meetings."""

from typing import Annotated

import typer

from cli.client import Gateway
from cli.commands.reporting import console, errors, print_json, print_lines, reports_failures
from cli.follow import follow, says_how_to_return
from cli.options import DEFAULT_GATEWAY, AsJson, ExistingFile, GatewayUrl, Layout, MeetingId, RunName
from cli.receipts import cancelled, deleted_meeting, erased_speaker
from cli.runs_client import RunsGateway
from cli.show import show_results, stage_line, stages_table


@reports_failures
def process(
    recording: ExistingFile,
    *,
    title: Annotated[str | None, typer.Option(help="What the meeting is called.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code; left out, the engine decides.")] = None,
    min_speakers: Annotated[int | None, typer.Option(min=1)] = None,
    max_speakers: Annotated[int | None, typer.Option(min=1)] = None,
    num_speakers: Annotated[int | None, typer.Option(min=1)] = None,
    persona: Annotated[list[str] | None, typer.Option(help="For whom to write minutes; may be repeated.")] = None,
    vocabulary: Annotated[list[str] | None, typer.Option(help="A name or term to expect; may be repeated.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the end and show the results.")] = True,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Hand in the recording of a meeting."""
    options = {
        "title": title,
        "language": language,
        "min_speakers": min_speakers,
        "max_speakers": max_speakers,
        "num_speakers": num_speakers,
        "personas": persona,
        "vocabulary": vocabulary,
    }
    with Gateway(gateway_url, errors) as gateway:
        accepted = gateway.process(recording, _form(options))
        if not wait:
            print_json(accepted) if as_json else console.print(accepted.meeting_id)
            return
        with says_how_to_return(accepted.meeting_id, errors):
            follow(gateway, accepted.meeting_id, errors)
        show_meeting(gateway, accepted.meeting_id, Layout.JSON if as_json else Layout.SHOW)


@reports_failures
def status(
    meeting_id: MeetingId,
    follow_on: Annotated[bool, typer.Option("--follow", help="Stay until the meeting has ended.")] = False,
    run: RunName = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show how far a meeting is."""
    with RunsGateway(gateway_url, errors) as gateway:
        run_id = gateway.run_id(meeting_id, run)
        if follow_on:
            follow(gateway, meeting_id, errors if as_json else console, run_id=run_id)
        current = gateway.status(meeting_id, run_id)
        if as_json:
            print_json(current)
        elif not follow_on:
            console.print(current.status)
            console.print(stages_table(current))
            for name, stage in current.stages.items():
                if stage.error is not None:
                    console.print(stage_line(name, stage), markup=False)


@reports_failures
def results(
    meeting_id: MeetingId,
    layout: Annotated[Layout, typer.Option("--format", help="`show` is for a terminal.")] = Layout.SHOW,
    run: RunName = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show who said what, and the minutes."""
    with RunsGateway(gateway_url, errors) as gateway:
        run_id = gateway.run_id(meeting_id, run)
        show_meeting(gateway, meeting_id, Layout.JSON if as_json else layout, run_id=run_id)


@reports_failures
def meetings(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List the meetings, newest first."""
    with Gateway(gateway_url, errors) as gateway:
        if as_json:
            print_json(gateway.meetings())
            return
        lines = (
            f"{one.meeting_id}  {one.created_at:%Y-%m-%d %H:%M}  {one.status:<10}  {one.title or one.filename or ''}"
            for one in gateway.meetings()
        )
        print_lines(lines, otherwise="No meetings yet: hansard process FILE")


@reports_failures
def cancel(
    meeting_id: MeetingId, run: RunName = None, gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False
) -> None:
    """Stop working on a meeting, or on one of its runs."""
    with RunsGateway(gateway_url, errors) as gateway:
        answer = gateway.cancel(meeting_id, gateway.run_id(meeting_id, run))
        print_json(answer) if as_json else typer.echo(cancelled(answer))


@reports_failures
def delete(
    identifier: Annotated[str, typer.Argument(help="Id of a meeting, or of a speaker with --speaker.")],
    is_speaker: Annotated[bool, typer.Option("--speaker", help="Erase an enrolled speaker.")] = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Delete a meeting, or erase a speaker, and say what was removed."""
    with Gateway(gateway_url, errors) as gateway:
        if is_speaker:
            erased = gateway.delete_speaker(identifier)
            print_json(erased) if as_json else typer.echo(erased_speaker(erased))
        else:
            deleted = gateway.delete_meeting(identifier)
            print_json(deleted) if as_json else typer.echo(deleted_meeting(deleted))


def show_meeting(gateway: Gateway, meeting_id: str, layout: Layout, *, run_id: str | None = None) -> None:
    """Print the results of one run; otherwise of the current one."""
    if layout is Layout.SHOW:
        show_results(console, gateway.results(meeting_id, run_id))
    else:
        typer.echo(gateway.results_as(meeting_id, layout.value, run_id))


def _form(options: dict[str, str | int | list[str] | None]) -> dict[str, str | list[str]]:
    """The options that were given, as form fields."""
    return {
        name: value if isinstance(value, list) else str(value) for name, value in options.items() if value is not None
    }
