"""What only this machine knows: its Python, its ports, the disk of what is kept."""

import shutil
import socket
import sys
from collections.abc import Iterator

from cli.settings import LocalSettings
from libs.common.doctor.finding import Finding, Report, ok, problem, warning
from libs.common.doctor.machine import disk_finding
from libs.common.release import RELEASE

MACHINE = "machine"
"""What the report of this machine is called; it is read first."""

_OLDEST = (3, 11)
_NEEDED_BYTES = 5 * 2**30


def names_a_server(settings: LocalSettings) -> bool:
    """Whether the environment names a server of Hansard; without one, only `hansard up` can make it run."""
    return any((settings.redis_url, settings.postgres_url, settings.object_store_url))


def machine_report(settings: LocalSettings, *, is_running: bool) -> Report:
    """Its Python, its port and its disk, and whether `hansard up` runs here."""
    return Report(service=MACHINE, release=RELEASE, findings=tuple(_findings(settings, is_running=is_running)))


def _findings(settings: LocalSettings, *, is_running: bool) -> Iterator[Finding]:
    if not is_running and not names_a_server(settings):
        cure = "run `hansard up`; what only a running Hansard can show is left out below"
        yield problem("hansard", f"does not run in {settings.home}", cure)
    elif not is_running and settings.redis_url is None:
        what = f"does not run in {settings.home}, and REDIS_URL is not set: the services were looked at without either"
        yield warning("hansard up", what, "run `hansard up`, or set the variables that the services have")
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST:
        yield problem("python", f"is {version}", "run Python 3.11 or newer")
    else:
        yield ok("python", f"is {version}")
    yield _port(settings)
    home = settings.home
    there = next(one for one in (home, *home.parents) if one.exists())
    yield disk_finding("disk of HANSARD_HOME", there, shutil.disk_usage(there).free, _NEEDED_BYTES)


def _port(settings: LocalSettings) -> Finding:
    place = f"{settings.host}:{settings.port}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return ok("port", f"{place} is in use: by the gateway, or PORT has to name another before `hansard up`")
    return ok("port", f"{place} is free")
