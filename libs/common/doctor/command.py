"""`python -m services.<name> doctor [--json]`."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic_settings import BaseSettings

from libs.common.doctor.checking import Check, examined
from libs.common.doctor.finding import Report
from libs.common.doctor.redis import redis_check
from libs.common.doctor.settings import settings_findings
from libs.common.doctor.store import store_check
from libs.common.doctor.table import written
from libs.common.doctor.workers import workers_check
from libs.common.errors import InvalidSettings
from libs.common.release import RELEASE
from libs.common.settings import ServerSettings, read_settings
from libs.common.telemetry import configure_logs

S = TypeVar("S", bound=BaseSettings)

Checks = Callable[[S], Sequence[Check]]
"""What a service looks at beside what all of them do."""


def nothing_more(_settings: BaseSettings) -> Sequence[Check]:
    """For a service that needs only what all of them do."""
    return ()


def doctor(service: str, settings: type[S], checks: Checks[S], arguments: Sequence[str]) -> int:
    """Look at everything, print the report; the exit status is 1 with a problem."""
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service} doctor", description="Look at what this service needs; change nothing."
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    asked = parser.parse_args(arguments)
    configure_logs(service, level="error", style="console", stream=sys.stderr)
    report = asyncio.run(_report(service, settings, checks))
    sys.stdout.write(report.model_dump_json(indent=2) + "\n" if asked.json else written(report))
    return 1 if report.has_problem else 0


async def _report(service: str, settings: type[S], checks: Checks[S]) -> Report:
    about_settings = list(settings_findings(settings))
    found = await examined([*_common(service), *_own(settings, checks)])
    return Report(service=service, release=RELEASE, findings=(*about_settings, *found))


def _common(service: str) -> Sequence[Check]:
    """What can be looked at whatever else is wrong."""
    servers = _read(ServerSettings)
    if servers is None:
        return ()
    return (
        redis_check(servers.redis_url),
        workers_check(servers.redis_url, service),
        store_check(servers.object_store_url),
    )


def _own(settings: type[S], checks: Checks[S]) -> Sequence[Check]:
    read = _read(settings)
    return () if read is None else checks(read)


def _read(settings: type[S]) -> S | None:
    try:
        return read_settings(settings)
    except InvalidSettings:
        return None  # said already, one fault each
