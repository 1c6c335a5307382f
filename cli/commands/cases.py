"""Commands about cases: a meeting as a file, and one recorded unit again on this machine."""

import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.answers.cases import WrittenCase
from cli.case_choice import chosen
from cli.case_work import unpacked, work
from cli.cases_client import CasesGateway
from cli.commands.reporting import console, errors, print_json, reports_failures
from cli.errors import CommandFailed, GatewayUnreachable, UnitNotNamed
from cli.options import DEFAULT_GATEWAY, AsJson, GatewayUrl, MeetingId
from cli.run_names import WORDS
from libs.common.cases.folder import UnreadableCase
from libs.common.cases.needs import check_contents
from libs.common.line import LINE
from libs.common.scratch import remove_abandoned, scratch_folder

_EVENT = re.compile(r"[^/]+/[^/#]+#\d+")


@reports_failures
def export(
    meeting_id: MeetingId,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; hansard-MEETING.zip by default.")
    ] = None,
    run: Annotated[str | None, typer.Option(help=f"Only this run: {WORDS}.")] = None,
    with_voices: Annotated[
        bool, typer.Option("--with-voices", help="With the voiceprints of everybody enrolled, which `match` needs.")
    ] = False,
    without_recording: Annotated[bool, typer.Option("--without-recording", help="Without what can be heard.")] = False,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Pack the events and artifacts of a meeting into one file, for `hansard replay --local` on any machine."""
    target = output or Path(f"hansard-{meeting_id}.zip")
    _check_writable(target)
    partial = target.with_name(f".{target.name}.part")
    try:
        with CasesGateway(gateway_url, errors) as gateway:
            run_id = gateway.run_id(meeting_id, run)
            gateway.export(meeting_id, partial, run_id=run_id, voices=with_voices, recording=not without_recording)
        written = WrittenCase.of(partial).model_copy(update={"path": str(target)})
        partial.replace(target)
    except OSError as error:
        raise CommandFailed(f"{target} cannot be written: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise GatewayUnreachable(f"what {gateway_url} sent is no case, or not all of it: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    print_json(written) if as_json else console.print("\n".join(written.lines()), markup=False, soft_wrap=True)


def replay_locally(
    arguments: Sequence[str], *, settings: Sequence[str], gateway_url: str, as_json: bool, is_debugged: bool
) -> None:
    """Work one recorded unit in the foreground: `STAGE EVENT`, or `FILE [STAGE [EVENT]]`.

    Args:
        arguments: What stood behind `hansard replay --local`.
        settings: `service.name=value` each.
        gateway_url: Where the event is recorded.
        as_json: Print one document.
        is_debugged: Stop in the debugger, at the handler and where it fails.

    Raises:
        UnitNotNamed: Nothing is called so, or more than one unit.
        BadParameter: There is no such file.
        CommandFailed: It cannot be worked here.
        typer.Exit: It was worked, and is different.
    """
    options = [
        *(f"--set={one}" for one in settings),
        *(["--json"] if as_json else []),
        *(["--pdb"] if is_debugged else []),
    ]
    remove_abandoned()
    with scratch_folder() as folder:
        archive, stage, event = _archive(arguments, gateway_url, folder)
        if not archive.is_file():
            raise typer.BadParameter(f"{archive} {'is no file' if archive.exists() else 'does not exist'}")
        case = unpacked(archive, folder / "case")
        try:
            recorded = chosen(case, stage, event)
            check_contents(case, recorded)
            status = work(folder / "case", case, recorded, options)
        except UnreadableCase as error:
            raise CommandFailed(error.message) from error
    if status:
        raise typer.Exit(status)


def _check_writable(target: Path) -> None:
    """Raises `BadParameter` where no file can be written, before anything is fetched."""
    folder = target.parent
    if not folder.is_dir():
        fault = f"{folder} {'is no folder' if folder.exists() else 'does not exist'}"
    elif target.is_dir():
        fault = f"{target} is a folder"
    elif not os.access(folder, os.W_OK | os.X_OK):
        fault = f"{folder} cannot be written to"
    else:
        return
    raise typer.BadParameter(fault, param_hint="--output")


def _archive(arguments: Sequence[str], gateway_url: str, folder: Path) -> tuple[Path, str | None, str | None]:
    """The file of the case, and which unit of it is meant."""
    stages = {position.stage for position in LINE}
    match arguments:
        case [stage, event] if stage in stages:
            if not _EVENT.fullmatch(event):
                raise UnitNotNamed(f"{event} is no event: EVENT is RUN/STAGE#POSITION, as `hansard events` prints it")
            with CasesGateway(gateway_url, errors) as gateway:
                gateway.export_unit(event, folder / "case.zip")
            return folder / "case.zip", stage, event
        case [file]:
            return Path(file), None, None
        case [file, stage] if stage in stages:
            return Path(file), stage, None
        case [file, stage, event] if stage in stages:
            return Path(file), stage, event
        case _:
            raise UnitNotNamed(
                "--local takes STAGE EVENT, as `hansard events` prints them, or FILE [STAGE [EVENT]]; "
                f"the stages are {', '.join(sorted(stages))}"
            )
