"""The commands of `hansard`."""

from typing import Annotated

import typer

from cli.commands import cases, dead, doctor, local, meetings, pipeline, runs, speakers
from libs.common.release import RELEASE

_EXIT_CODES = """
Exit codes:
0 done;
1 Hansard cannot start on this machine, or is degraded;
2 wrong usage;
3 no gateway answers;
4 the gateway refused;
5 the meeting or the enrolment failed;
6 a unit that was replayed with --local does not come out as it was recorded;
130 interrupted.
With --json, 4 and 5 still print one document: the problem, or what failed.
"""

app = typer.Typer(
    help="Who said what in a meeting, under the names of enrolled speakers, and the minutes.",
    epilog=_EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


for command in (
    local.up,
    local.demo,
    doctor.doctor,
    meetings.process,
    speakers.enroll,
    meetings.status,
    meetings.results,
    runs.replay,
    runs.runs,
    runs.use,
    runs.diff,
    cases.export,
    meetings.meetings,
    meetings.cancel,
    meetings.delete,
    pipeline.health,
    pipeline.streams,
    pipeline.tail,
    pipeline.events,
):
    app.command()(command)
app.add_typer(speakers.app, name="speakers")
app.add_typer(dead.app, name="dead")
