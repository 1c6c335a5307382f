"""Which engines the five services get on this machine, and with which environment they start."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.local.supervisor import Program
from cli.settings import LocalSettings
from services.transcriber.local_profile import choose_local_engine

ROOT = Path(__file__).parents[2]
"""The folder that has the code of the services."""

_MOST_SLOTS = 4

SERVICES = ("gateway", "normalizer", "diarizer", "transcriber", "summarizer")


@dataclass(frozen=True, kw_only=True)
class Engines:
    """The engine of each service that has one, and what a person should know about the choice."""

    diarizer: str
    transcriber: str
    summarizer: str
    notes: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        return {
            "DIARIZER_ENGINE": self.diarizer,
            "TRANSCRIBER_ENGINE": self.transcriber,
            "SUMMARIZER_ENGINE": self.summarizer,
        }

    @property
    def defaults(self) -> dict[str, str]:
        """What the environment may say otherwise: pocketsphinx uses one core and little memory per chunk."""
        if self.transcriber != "pocketsphinx":
            return {}
        return {"TRANSCRIBER_SLOTS": str(min(_MOST_SLOTS, os.cpu_count() or 1))}


def choose_engines(settings: LocalSettings) -> Engines:
    """The best engine of this release that works on this machine, for each service."""
    notes = []
    transcriber = settings.transcriber_engine
    if transcriber is None:
        choice = choose_local_engine(settings.whisper_model)
        transcriber = choice.engine
        notes.append(f"{choice.engine} transcribes: {choice.reason}")
    if settings.huggingface_token:
        notes.append("HUGGINGFACE_TOKEN is set, but this release has no pyannote engine; the embedded one is used")
    if settings.openai_api_key:
        notes.append("OPENAI_API_KEY is set, but this release has no openai engine; minutes are extractive")
    return Engines(
        diarizer=settings.diarizer_engine or "embedded",
        transcriber=transcriber,
        summarizer=settings.summarizer_engine or "extractive",
        notes=tuple(notes),
    )


def programs(settings: LocalSettings, engines: Engines, *, redis_url: str, postgres_url: str) -> Sequence[Program]:
    """The five services, ready to be started."""
    environment = service_environment(settings, engines, redis_url=redis_url, postgres_url=postgres_url)
    return [
        Program(name=name, command=service_command(name), environment=environment, folder=ROOT) for name in SERVICES
    ]


def service_command(name: str, *arguments: str) -> list[str]:
    """How a service is started by this interpreter."""
    return [sys.executable, "-m", f"services.{name}", *arguments]


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
