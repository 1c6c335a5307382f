"""Runs the doctors of the five services as processes, and adds what only this machine knows."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from rich.console import Console

from cli.client import Gateway
from cli.doctor.machine import machine_report, names_a_server
from cli.errors import CommandFailed
from cli.local.engines import ROOT, Engines
from cli.local.profile import SERVICES, WORKERS, service_command, service_environment
from cli.local.running_servers import postgres_url_of, redis_url_of
from cli.settings import LocalSettings
from libs.common.doctor.finding import Finding, Report, problem, unknown
from libs.common.release import RELEASE

_LIMIT = 30.0
"""Seconds for one service, the start of its process included."""

_STAGES = {"diarizer": "diarize", "transcriber": "transcribe", "summarizer": "summarize"}

_OF_SERVERS = ("redis", "postgres", "object store", "put-if-absent", "workers", "releases")
"""How the subjects begin that only servers can answer."""


def is_running_here(settings: LocalSettings) -> bool:
    """Whether `hansard up` has servers in the folder of this machine."""
    return postgres_url_of(settings.home) is not None or redis_url_of(settings.home) is not None


async def examine(settings: LocalSettings) -> Sequence[Report]:
    """One report per service, and one of this machine."""
    engines = await asyncio.to_thread(_engines, settings) if is_running_here(settings) else None
    environment = _environment(settings, engines)
    reports: Sequence[Report] = await asyncio.gather(
        *(_examined(name, engines.python(name) if engines else sys.executable, environment) for name in SERVICES)
    )
    if engines is None and not names_a_server(settings):
        reports = [without_consequences(one) for one in reports]
    failures = await asyncio.to_thread(_failures, settings) if engines is not None else ()
    return [machine_report(settings, is_running=engines is not None), *with_failures(reports, failures)]


def without_consequences(report: Report) -> Report:
    """Without what is found only because nothing runs: no server answers, and nothing chose the engines."""
    kept = (one for one in report.findings if not one.subject.startswith(_OF_SERVERS) and not _is_missing(one))
    return report.model_copy(update={"findings": tuple(kept)})


def _is_missing(finding: Finding) -> bool:
    return finding.subject == "settings" and finding.what.endswith(" is missing")


def with_failures(reports: Sequence[Report], failures: Sequence[str]) -> Sequence[Report]:
    """What the gateway says is wrong with the line, among what it found, unless another doctor says it already."""
    seen = [one.what for report in reports for one in report.findings if one.level == "problem"]
    own = tuple(
        problem("line", text, "see the log of that service")
        for text in failures
        if not any(text.startswith(one) for one in seen)
    )
    return [
        one.model_copy(update={"findings": (*one.findings, *own)}) if one.service == "gateway" else one
        for one in reports
    ]


def _failures(settings: LocalSettings) -> Sequence[str]:
    try:
        with Gateway(f"http://{settings.host}:{settings.port}", Console(quiet=True)) as gateway:
            return gateway.failures()
    except CommandFailed:
        return ()


def _environment(settings: LocalSettings, engines: Engines | None) -> Mapping[str, str]:
    """That of `hansard up` where it runs, otherwise this process's own."""
    if engines is None:
        return os.environ
    redis_url = settings.redis_url or redis_url_of(settings.home)
    postgres_url = settings.postgres_url or postgres_url_of(settings.home)
    return service_environment(settings, engines, redis_url=redis_url or "", postgres_url=postgres_url or "")


def _engines(settings: LocalSettings) -> Engines:
    """Those that run, as the gateway says; otherwise those that are named, or need nothing."""
    running: dict[str, str] = {}
    try:
        with Gateway(f"http://{settings.host}:{settings.port}", Console(quiet=True)) as gateway:
            stages = gateway.health().stages
        running = {name: stages[stage].engines[0] for name, stage in _STAGES.items() if stages[stage].engines}
    except (CommandFailed, KeyError):
        pass
    return Engines(
        diarizer=running.get("diarizer") or settings.diarizer_engine or "embedded",
        transcriber=running.get("transcriber") or settings.transcriber_engine or "pocketsphinx",
        summarizer=running.get("summarizer") or settings.summarizer_engine or "extractive",
    )


async def _examined(name: str, python: str, environment: Mapping[str, str]) -> Report:
    elsewhere = {"HOST": "127.0.0.1", "PORT": "0"} if name in WORKERS else {}
    command = service_command(name, "doctor", "--json", python=python)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**environment, **elsewhere}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_LIMIT):
            answer, complaint = await process.communicate()
        return Report.model_validate_json(answer)
    except TimeoutError:
        return _silent(name, f"did not end within {_LIMIT:g} s")
    except ValidationError:
        last = (complaint.decode(errors="replace").strip().splitlines() or ["without a word"])[-1]
        return _silent(name, f"its doctor broke: {last}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _silent(name: str, what: str) -> Report:
    cure = f"install services/{name}/requirements.txt, or run `python -m services.{name} doctor` by hand"
    return Report(service=name, release=RELEASE, findings=(unknown(name, what, cure),))
