"""`hansard demo`: the sample meeting through the whole line, on a Hansard of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console

from cli.client import Gateway
from cli.enrolment import wait_for_enrolment
from cli.errors import GatewayRefused, GatewayUnreachable, ServerNotStarted
from cli.follow import follow
from cli.local.child import free_port, start_child, stop_child
from cli.local.engines import ROOT
from cli.local.temporary_home import temporary_home
from cli.settings import LocalSettings
from cli.show import show_results, stages_table

_SAMPLE = ROOT / "samples" / "planning"
_PERSONAS = ("executive", "project_manager")
_CONSENT = "Synthetic voice, made for this demonstration."
_STARTS_WITHIN = 900.0
"""Long enough to fetch a Whisper model first, where it can be had."""

_REASON = "hansard: "
"""How the last line of a command that failed begins."""


class EnrolledPerson(BaseModel):
    """Somebody of the sample meeting who is to be known by name."""

    name: str
    clips: tuple[str, ...]


class Manifest(BaseModel):
    """What belongs to a sample meeting; paths are relative to its folder."""

    title: str
    meeting: str
    speakers: tuple[EnrolledPerson, ...]
    strangers: tuple[str, ...] = ()


def demo(settings: LocalSettings, console: Console) -> None:
    """Start everything, enrol the people of the sample, process it, show it, and stop everything.

    Raises:
        CommandFailed: Something did not work; nothing is left running.
    """
    started = time.monotonic()
    manifest = Manifest.model_validate_json((_SAMPLE / "manifest.json").read_bytes())
    with _home(settings) as home, _running(home, settings, console) as gateway:
        _enroll(gateway, manifest, console)
        options: dict[str, str | list[str]] = {"title": manifest.title, "personas": list(_PERSONAS)}
        meeting = gateway.process(_SAMPLE / manifest.meeting, options).meeting_id
        console.print(f"Processing {(_SAMPLE / manifest.meeting).relative_to(ROOT)} …", soft_wrap=True)
        status = follow(gateway, meeting, console)
        show_results(console, gateway.results(meeting))
        if not console.is_terminal:
            console.print(stages_table(status))
    console.print(
        f"\nThat took {time.monotonic() - started:.0f} s. Next: `make up`, then `.venv/bin/hansard process FILE`. "
        "`make up` serves the API at http://127.0.0.1:8000/docs; everything else is in README.md.",
        soft_wrap=True,
    )


def _enroll(gateway: Gateway, manifest: Manifest, console: Console) -> None:
    accepted = [
        gateway.enroll(person.name, [_SAMPLE / clip for clip in person.clips], _CONSENT) for person in manifest.speakers
    ]
    for one in accepted:
        console.print(f"Enrolled {wait_for_enrolment(gateway, one.speaker_id, one.sample_ids).name}")
    for stranger in manifest.strangers:
        console.print(f"Not enrolled: {stranger}, who stays a label")


@contextmanager
def _home(settings: LocalSettings) -> Iterator[Path]:
    """The folder that the environment names, or one that is gone afterwards."""
    if settings.hansard_home is not None:
        yield settings.home
        return
    with temporary_home() as folder:
        yield folder


@contextmanager
def _running(home: Path, settings: LocalSettings, console: Console) -> Iterator[Gateway]:
    """A Hansard of its own: `hansard up` as a child, which takes everything with it when it ends."""
    port = settings.port if "port" in settings.model_fields_set else free_port()
    environment = {**os.environ, "HANSARD_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT)}
    signal.signal(signal.SIGTERM, _interrupt)
    log = home / "demo.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = start_child(
            [sys.executable, "-m", "cli", "up"],
            death_signal=signal.SIGTERM,
            output=output,
            environment=environment,
            folder=ROOT,
        )
    try:
        with Gateway(f"http://{settings.host}:{port}", console) as gateway:
            _wait_until_ready(gateway, child, log, console)
            yield gateway
    finally:
        stop_child(child, signal.SIGTERM, grace=settings.grace + 45)


def _wait_until_ready(gateway: Gateway, child: subprocess.Popen[bytes], log: Path, console: Console) -> None:
    """Wait until every stage has a worker: a service that refuses ends the start, even after the gateway is ready.

    Raises:
        ServerNotStarted: With the reason, or the end of the log.
    """
    deadline = time.monotonic() + _STARTS_WITHIN
    console.print("Starting Redis, Postgres and the five services …")
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(GatewayUnreachable, GatewayRefused):
            if gateway.health().is_complete:
                return
        time.sleep(0.1)
    lines = log.read_text(errors="replace").splitlines()
    if lines and lines[-1].startswith(_REASON):
        raise ServerNotStarted(lines[-1].removeprefix(_REASON))
    raise ServerNotStarted("\n".join(["Hansard did not start:", *lines[-30:]]))


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
