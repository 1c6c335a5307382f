"""Which engines the services get on this machine. Deployed services never choose for themselves."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.settings import LocalSettings
from libs.common.redaction import redacted
from services.transcriber.local_profile import choose_local_engine

ROOT = Path(__file__).parents[2]
"""The folder that has the code of the services."""

_WITH_TORCH = ROOT / ".venv" / "engines" / "bin" / "python"
"""What `make engines` installs."""

_MOST_SLOTS = 4


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

    def python(self, service: str) -> str:
        """The interpreter that has what a service needs: torch is only in an environment of its own."""
        own = service == "diarizer" and self.diarizer == "pyannote"
        return (_python_with_torch() if own else None) or sys.executable


def choose_engines(settings: LocalSettings) -> Engines:
    """What the settings name, otherwise the best that this machine has the models and the tokens for."""
    transcriber, about_words = _transcriber(settings)
    diarizer, about_voices = _diarizer(settings)
    summarizer, about_minutes = _summarizer(settings)
    notes = (about_words, about_voices, about_minutes)
    return Engines(
        diarizer=diarizer,
        transcriber=transcriber,
        summarizer=summarizer,
        notes=tuple(note for note in notes if note is not None),
    )


def _transcriber(settings: LocalSettings) -> tuple[str, str | None]:
    if settings.transcriber_engine is not None:
        return settings.transcriber_engine, None
    choice = choose_local_engine(
        settings.whisper_model, device=settings.whisper_device, token=settings.huggingface_token
    )
    return choice.engine, f"{choice.engine} transcribes: {choice.reason}"


def _diarizer(settings: LocalSettings) -> tuple[str, str | None]:
    if settings.diarizer_engine is not None:
        return settings.diarizer_engine, None
    if not settings.huggingface_token:
        return "embedded", None
    if _python_with_torch() is None:
        return "embedded", "HUGGINGFACE_TOKEN is set, but pyannote is not installed; for it, say: make engines"
    return "pyannote", "pyannote finds the voices: HUGGINGFACE_TOKEN is set"


def _summarizer(settings: LocalSettings) -> tuple[str, str | None]:
    if settings.summarizer_engine is not None:
        return settings.summarizer_engine, None
    if not settings.openai_api_key and not settings.openai_base_url:
        return "extractive", None
    name = "OPENAI_API_KEY" if settings.openai_api_key else "OPENAI_BASE_URL"
    return "openai", f"minutes are written by {redacted(settings.openai_base_url or 'OpenAI')}: {name} is set"


def _python_with_torch() -> str | None:
    if importlib.util.find_spec("torch") is not None:
        return sys.executable
    return str(_WITH_TORCH) if _WITH_TORCH.is_file() else None
