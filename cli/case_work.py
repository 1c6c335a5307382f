"""A unit of a case, worked by its service in the foreground of this terminal."""

import os
import re
import signal
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cli.errors import CommandFailed
from libs.common.cases.folder import Case, RecordedUnit, UnreadableCase
from libs.common.cases.report import DIFFERENT, LEFT
from libs.common.line import LINE

ROOT = Path(__file__).parents[1]
"""The folder that has the code of the services."""

_ENGINE_SETTINGS = {
    "diarizer": "DIARIZER_ENGINE",
    "transcriber": "TRANSCRIBER_ENGINE",
    "summarizer": "SUMMARIZER_ENGINE",
}
_PASSED_ON = frozenset({0, DIFFERENT, LEFT})
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LARGEST_GROWTH = 50
_ALWAYS_ALLOWED_BYTES = 64 * 1024 * 1024
_PACKAGE = re.compile(r"[A-Za-z0-9._-]+")


def unpacked(archive: Path, folder: Path) -> Case:
    """A case from its file, which may be anybody's.

    Raises:
        CommandFailed: It is none, or would fill the disk.
    """
    try:
        with zipfile.ZipFile(archive) as members:
            _check_members(members.infolist(), archive.stat().st_size)
            members.extractall(folder)
        return Case(folder)
    except (OSError, EOFError, RuntimeError, ValueError, zlib.error, zipfile.BadZipFile, UnreadableCase) as error:
        raise CommandFailed(f"{archive} is no file that `hansard export` wrote: {error}") from error


def _check_members(members: Sequence[zipfile.ZipInfo], size_bytes: int) -> None:
    """Raises `BadZipFile` for a file that becomes far larger than recordings and JSON do; no more is ever written."""
    unpacked_bytes = sum(one.file_size for one in members)
    if unpacked_bytes > max(_ALWAYS_ALLOWED_BYTES, _LARGEST_GROWTH * size_bytes):
        raise zipfile.BadZipFile(f"{size_bytes / 1e6:.0f} MB would become {unpacked_bytes / 1e6:.0f} MB")
    if any(one.compress_type not in _METHODS for one in members):
        raise zipfile.BadZipFile("it is compressed in another way")


def work(folder: Path, case: Case, recorded: RecordedUnit, options: Sequence[str]) -> int:
    """Work a unit as the settings of its service say; the answer is the exit status.

    Raises:
        CommandFailed: It killed its process, or packages of the service are not installed.
    """
    service = recorded.position.service
    command = [sys.executable, "-P", "-m", f"services.{service}", "replay", str(folder), recorded.event.name, *options]
    with subprocess.Popen(command, env=_environment(case, recorded)) as child:
        while True:
            try:
                return exit_status(child.wait(), ROOT / "services" / service / "requirements.txt")
            except KeyboardInterrupt:
                continue  # the child has heard it too


def exit_status(status: int, requirements: Path) -> int:
    """How the command ends when a replay has ended with `status`.

    Raises:
        CommandFailed: The unit killed its process, or packages of the service are not installed.
    """
    if status < 0:
        raise CommandFailed(f"the unit killed its process: {signal.Signals(-status).name}")
    if status in _PASSED_ON:
        return status
    check_packages(requirements)
    return 1


def check_packages(requirements: Path) -> None:
    """Raises `CommandFailed`, with the cure, unless everything in a requirements file is installed."""
    missing = [name for name in _packages(requirements) if not _is_installed(name)]
    if missing:
        raise CommandFailed(
            f"packages of this service are not installed ({', '.join(missing)}): "
            f"{sys.executable} -m pip install -c {ROOT / 'constraints.txt'} -r {requirements}"
        )


def _packages(requirements: Path) -> Iterator[str]:
    for line in requirements.read_text("utf-8").splitlines():
        if line.startswith("-r "):
            yield from _packages(requirements.parent / line.removeprefix("-r "))
        elif found := _PACKAGE.match(line):
            yield found[0]


def _is_installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _environment(case: Case, recorded: RecordedUnit) -> Mapping[str, str]:
    """The environment of this process, with the engine that made the recorded outcome where no other is named."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"LOG_FORMAT": "console", **os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    setting, engine = _ENGINE_SETTINGS.get(recorded.position.service), _recorded_engine(case, recorded)
    if setting is not None and engine is not None and setting not in os.environ:
        environment[setting] = engine
        sys.stderr.write(f"{setting} is not set: {engine} is taken, as it was recorded.\n")
    return environment


def _recorded_engine(case: Case, recorded: RecordedUnit) -> str | None:
    """The engine of the service, as this unit or another of the same run was worked with it."""
    outcome = case.outcome(recorded)
    if outcome is not None and outcome.report.engine is not None:
        return outcome.report.engine.name
    stages = {one.stage for one in LINE if one.service == recorded.position.service}
    of_run = (one for one in case.events if one.publisher.run_id == recorded.unit.run_id)
    engines = (one.report.engine for one in of_run if one.publisher.stage in stages)
    return next((engine.name for engine in engines if engine is not None), None)
