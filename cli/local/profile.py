"""The five services as programs of this machine, and with which environment they start."""

import os
import sys
from collections.abc import Mapping, Sequence

from cli.local.engines import ROOT, Engines
from cli.local.supervisor import Program
from cli.settings import LocalSettings

GATEWAY = "gateway"
WORKERS = ("normalizer", "diarizer", "transcriber", "summarizer")
SERVICES = (GATEWAY, *WORKERS)

_UNSEEN = {"HOST": "127.0.0.1", "PORT": "0"}
"""Where workers listen: only this program asks them how they are."""


def programs(settings: LocalSettings, engines: Engines, *, redis_url: str, postgres_url: str) -> Sequence[Program]:
    """The five services, ready to be started."""
    environment = service_environment(settings, engines, redis_url=redis_url, postgres_url=postgres_url)
    return [
        Program(
            name=name,
            command=service_command(name, python=engines.python(name)),
            environment=environment if name == GATEWAY else {**environment, **_UNSEEN},
            folder=ROOT,
        )
        for name in SERVICES
    ]


def service_command(name: str, *arguments: str, python: str = sys.executable) -> list[str]:
    """How a service is started, by this interpreter unless another one is named."""
    return [python, "-m", f"services.{name}", *arguments]


def service_environment(
    settings: LocalSettings, engines: Engines, *, redis_url: str, postgres_url: str
) -> Mapping[str, str]:
    """What the services read: this process's environment, and where everything is on this machine."""
    return {
        **engines.defaults,
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "POSTGRES_URL": postgres_url,
        "OBJECT_STORE_URL": settings.object_store_url or (settings.home / "objects").as_uri(),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "LOG_FORMAT": settings.log_format,
        "GRACE": str(settings.grace),
        **engines.variables,
    }
