"""Settings that every service has; each service adds its own."""

from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.common.errors import InvalidSettings


class ServiceSettings(BaseSettings):
    """Read once, in `__main__`, from variables named like the fields in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis 6.2 or newer, `noeviction`, with AOF."""

    object_store_url: str = "file:///var/lib/hansard/objects"
    """`file:///folder`, or `s3://bucket/prefix` with the usual AWS variables."""

    lease: float = Field(default=30.0, gt=0)
    """Seconds that a delivery stays on loan without renewal."""

    grace: float = Field(default=20.0, ge=0)
    """Seconds that work in hand may go on after SIGTERM before it is handed back."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"


S = TypeVar("S", bound=BaseSettings)


def read_settings(settings: type[S]) -> S:
    """Read a service's settings from the environment.

    Raises:
        InvalidSettings: A variable is missing or wrong; the text names it.
    """
    try:
        return settings()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        raise InvalidSettings(f"wrong settings: {faults}") from error
