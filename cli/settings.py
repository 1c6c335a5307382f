"""What the environment says about running on this machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.errors import CommandFailed


class LocalSettings(BaseSettings):
    """Settings of `hansard up` and `hansard demo`, from variables named like the fields in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    hansard_home: Path | None = None
    """Folder for everything that is kept; `.hansard` in the current folder by default."""

    host: str = Field(default="127.0.0.1", validation_alias="HANSARD_HOST")
    """Address that the gateway listens on; some shells set HOST to something else."""

    port: int = Field(default=8000, ge=1, le=65535)

    redis_url: str | None = None
    """A Redis to use instead of the embedded one."""

    postgres_url: str | None = None
    """A Postgres to use instead of the embedded one."""

    object_store_url: str | None = None
    """An object store to use instead of a folder in `hansard_home`."""

    log_format: str = "console"
    grace: float = Field(default=20.0, ge=0)
    """Seconds that services may take to end."""

    diarizer_engine: str | None = None
    transcriber_engine: str | None = None
    summarizer_engine: str | None = None
    """Engines to use instead of those that are chosen for this machine."""

    whisper_model: str | None = None
    """Taken if it is on this machine or can be fetched; unset, the usual one for this machine."""

    whisper_device: Literal["auto", "cpu", "cuda"] = "auto"

    huggingface_token: str | None = None
    """With it, and pyannote installed, pyannote finds the voices."""

    openai_api_key: str | None = None
    openai_base_url: str | None = None
    """With either of them a language model writes the minutes."""

    @property
    def home(self) -> Path:
        return (self.hansard_home or Path(".hansard")).expanduser().resolve()


def read_local_settings() -> LocalSettings:
    """Read the environment.

    Raises:
        CommandFailed: A variable is wrong; the text names it.
    """
    try:
        return LocalSettings()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        raise CommandFailed(f"wrong settings: {faults}") from error
