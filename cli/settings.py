"""What the environment says about running on this machine, and about asking a gateway."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.errors import CommandFailed
from libs.common.setting_faults import faults
from libs.common.settings import Address, PortNumber, Seconds

S = TypeVar("S", bound=BaseSettings)


class LocalSettings(BaseSettings):
    """Settings of `hansard up` and `hansard demo`, from variables named like the fields in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True)

    hansard_home: Path | None = None
    """Folder for everything that is kept; `.hansard` in the current folder by default."""

    host: str = Field(default="127.0.0.1", validation_alias="HANSARD_HOST")
    """Address that the gateway listens on; some shells set HOST to something else."""

    port: PortNumber = Field(default=8000, ge=1, le=65535)
    """Port that the gateway listens on."""

    redis_url: Address | None = None
    """A Redis to use instead of the embedded one."""

    postgres_url: Address | None = None
    """A Postgres to use instead of the embedded one."""

    object_store_url: Address | None = None
    """An object store to use instead of a folder in `hansard_home`."""

    log_format: str = "console"
    """Of the services: `json`, or `console` for people."""

    grace: Seconds = Field(default=20.0, ge=0)
    """How long services may take to end."""

    diarizer_engine: str | None = None
    """Who finds the voices; unset, the best engine that this machine has the models and tokens for."""

    transcriber_engine: str | None = None
    """Who recognizes words; unset, the best engine that this machine has the models for."""

    summarizer_engine: str | None = None
    """Who writes the minutes; unset, `openai` with a key or a server of it, `extractive` without."""

    whisper_model: str | None = None
    """Taken if it is on this machine or can be fetched; unset, the usual one for this machine."""

    whisper_device: Literal["auto", "cpu", "cuda"] = "auto"
    """What Whisper computes on."""

    huggingface_token: str | None = None
    """With it, and pyannote installed, pyannote finds the voices."""

    openai_api_key: str | None = None
    """With it a language model of OpenAI writes the minutes."""

    openai_base_url: Address | None = None
    """Of a compatible server; with it, one of its language models writes the minutes."""

    @property
    def home(self) -> Path:
        return (self.hansard_home or Path(".hansard")).expanduser().resolve()


class ClientSettings(BaseSettings):
    """Settings of every command that asks a gateway."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    hansard_api_key: SecretStr | None = None
    """Sent with every request; made with `python -m services.gateway keys create NAME`."""

    @field_validator("hansard_api_key")
    @classmethod
    def _is_one_word(cls, key: SecretStr | None) -> SecretStr | None:
        value = key.get_secret_value() if key else "-"
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("is no key: it has a space, or a character that no key has")
        return key


def read_local_settings() -> LocalSettings:
    """Read the environment.

    Raises:
        CommandFailed: A variable is wrong; the text names it, and the cure.
    """
    return _read(LocalSettings)


def read_client_settings() -> ClientSettings:
    """Read the environment.

    Raises:
        CommandFailed: The key is none; the text does not say it.
    """
    return _read(ClientSettings)


def _read(settings: type[S]) -> S:
    try:
        return settings()
    except ValidationError as error:
        raise CommandFailed("; ".join(faults(settings, error))) from error
