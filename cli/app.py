"""The commands of `hansard`."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Annotated, ParamSpec

import typer
from rich.console import Console

from cli.answers import Answer
from cli.client import Gateway
from cli.errors import CommandFailed, HealthDegraded
from cli.follow import follow
from cli.options import DEFAULT_GATEWAY, AsJson, ExistingFile, ExistingFiles, GatewayUrl, Layout, MeetingId
from cli.receipts import cancelled, deleted_meeting, erased_speaker
from cli.show import show_health, show_results, stage_line, stages_table
from libs.common.release import RELEASE

P = ParamSpec("P")

_EXIT_CODES = """
Exit codes:
0 done;
1 Hansard cannot start on this machine, or is degraded;
2 wrong usage;
3 no gateway answers;
4 the gateway refused;
5 the meeting or the enrolment failed;
130 interrupted.
With --json, 4 and 5 still print one document: the problem, or what failed.
"""

app = typer.Typer(
    help="Who said what in a meeting, under the names of enrolled speakers, and the minutes.",
    epilog=_EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)


def _reports_failures(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a failure into one line on stderr and an exit code; `--json` has the gateway's last word on stdout."""

    @wraps(command)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CommandFailed as failure:
            if kwargs.get("as_json") and failure.answer is not None:
                _print_json(failure.answer)
            errors.print(f"hansard: {failure.message}", style="red", markup=False, soft_wrap=True)
            raise typer.Exit(failure.exit_code) from failure

    return reporting


@app.callback(invoke_without_command=True)
def hansard(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the release.", is_eager=True)] = False,
) -> None:
    """Print the release or, without a command, the help."""
    if version:
        typer.echo(f"hansard {RELEASE}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
@_reports_failures
def up() -> None:
    """Start everything on this machine and stay in the foreground (PORT, HANSARD_HOME; see the README)."""
    from cli.local.up import up as start  # noqa: PLC0415  # needs the local profile; the other commands do not
    from cli.settings import read_local_settings  # noqa: PLC0415

    start(read_local_settings(), console)


@app.command()
@_reports_failures
def demo() -> None:
    """Take the sample meeting through the whole line on this machine and show what comes out."""
    from cli.demo import demo as show  # noqa: PLC0415
    from cli.settings import read_local_settings  # noqa: PLC0415

    show(read_local_settings(), console)


@app.command()
@_reports_failures
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
            _print_json(accepted) if as_json else console.print(accepted.meeting_id)
            return
        follow(gateway, accepted.meeting_id, errors)
        _show(gateway, accepted.meeting_id, Layout.JSON if as_json else Layout.SHOW)


@app.command()
@_reports_failures
def enroll(
    name: str,
    clips: ExistingFiles,
    *,
    consent: Annotated[str | None, typer.Option(help="What the person agreed to.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every clip is judged.")] = True,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Enrol a person from clips of a few seconds in which only they talk."""
    from cli.enrolment import wait_for_enrolment  # noqa: PLC0415

    with Gateway(gateway_url, errors) as gateway:
        accepted = gateway.enroll(name, clips, consent)
        speaker = wait_for_enrolment(gateway, accepted.speaker_id) if wait else gateway.speaker(accepted.speaker_id)
        if as_json:
            _print_json(speaker)
            return
        console.print(f"{speaker.name}: {speaker.status} ({speaker.speaker_id})")
        for sample in speaker.samples:
            reason = f", {sample.error.message} ({sample.error.code})" if sample.error else ""
            console.print(f"  {sample.filename or sample.sample_id}: {sample.status}{reason}", markup=False)


@app.command()
@_reports_failures
def status(
    meeting_id: MeetingId,
    follow_on: Annotated[bool, typer.Option("--follow", help="Stay until the meeting has ended.")] = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show how far a meeting is."""
    with Gateway(gateway_url, errors) as gateway:
        if follow_on:
            follow(gateway, meeting_id, errors if as_json else console)
        current = gateway.status(meeting_id)
        if as_json:
            _print_json(current)
        elif not follow_on:
            console.print(current.status)
            console.print(stages_table(current))
            for name, stage in current.stages.items():
                if stage.error is not None:
                    console.print(stage_line(name, stage), markup=False)


@app.command()
@_reports_failures
def results(
    meeting_id: MeetingId,
    layout: Annotated[Layout, typer.Option("--format", help="`show` is for a terminal.")] = Layout.SHOW,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Show who said what, and the minutes."""
    with Gateway(gateway_url, errors) as gateway:
        _show(gateway, meeting_id, Layout.JSON if as_json else layout)


@app.command()
@_reports_failures
def speakers(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List the enrolled speakers."""
    with Gateway(gateway_url, errors) as gateway:
        if as_json:
            _print_json(gateway.speakers())
            return
        lines = (f"{one.speaker_id}  {one.status:<10}  {one.name}" for one in gateway.speakers())
        _print_lines(lines, otherwise="No speakers yet: hansard enroll NAME FILE")


@app.command()
@_reports_failures
def meetings(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """List the meetings, newest first."""
    with Gateway(gateway_url, errors) as gateway:
        if as_json:
            _print_json(gateway.meetings())
            return
        lines = (
            f"{one.meeting_id}  {one.created_at:%Y-%m-%d %H:%M}  {one.status:<10}  {one.title or one.filename or ''}"
            for one in gateway.meetings()
        )
        _print_lines(lines, otherwise="No meetings yet: hansard process FILE")


@app.command()
@_reports_failures
def cancel(meeting_id: MeetingId, gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """Stop working on a meeting."""
    with Gateway(gateway_url, errors) as gateway:
        answer = gateway.cancel(meeting_id)
        _print_json(answer) if as_json else typer.echo(cancelled(answer))


@app.command()
@_reports_failures
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
            _print_json(erased) if as_json else typer.echo(erased_speaker(erased))
        else:
            deleted = gateway.delete_meeting(identifier)
            _print_json(deleted) if as_json else typer.echo(deleted_meeting(deleted))


@app.command()
@_reports_failures
def health(gateway_url: GatewayUrl = DEFAULT_GATEWAY, as_json: AsJson = False) -> None:
    """Show the gateway's dependencies and the stages of the line; fails if something is wrong."""
    with Gateway(gateway_url, errors) as gateway:
        current = gateway.health()
        if not as_json:
            show_health(console, current)
        if current.status != "ok":
            raise HealthDegraded("; ".join(current.problems) or current.status, current)
        if as_json:
            _print_json(current)


def _print_json(answer: Answer | Iterable[Answer]) -> None:
    """One document, whatever the command."""
    if isinstance(answer, Answer):
        console.print_json(answer.model_dump_json())
    else:
        console.print_json(data=[one.model_dump(mode="json") for one in answer])


def _print_lines(lines: Iterable[str], *, otherwise: str) -> None:
    is_empty = True
    for line in lines:
        is_empty = False
        typer.echo(line)
    if is_empty:
        typer.echo(otherwise)


def _show(gateway: Gateway, meeting_id: str, layout: Layout) -> None:
    if layout is Layout.SHOW:
        show_results(console, gateway.results(meeting_id))
    else:
        typer.echo(gateway.results_as(meeting_id, layout.value))


def _form(options: dict[str, str | int | list[str] | None]) -> dict[str, str | list[str]]:
    """The options that were given, as form fields."""
    return {
        name: value if isinstance(value, list) else str(value) for name, value in options.items() if value is not None
    }
