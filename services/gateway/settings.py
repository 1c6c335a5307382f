"""Settings of the gateway."""

from pathlib import Path

from pydantic import Field

from libs.common.personas import SHIPPED_PERSONAS
from libs.common.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Read once, in `__main__`."""

    postgres_url: str = Field(
        default="postgresql://hansard:hansard@127.0.0.1:5432/hansard", pattern=r"^postgres(ql)?://"
    )
    """Postgres 14 or newer, migrated with `python -m services.gateway migrate`."""

    postgres_connections: int = Field(default=20, ge=4)
    """The most that one gateway opens."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a container."""

    port: int = Field(default=8000, ge=0, le=65535)

    max_upload_bytes: int = Field(default=2 * 1024**3, ge=1)
    """Of one request's whole body."""

    max_upload_silence: float = Field(default=60.0, gt=0)
    """Seconds without a byte after which an upload is given up."""

    personas_dir: Path = SHIPPED_PERSONAS
    """The same files that the summarizer reads."""

    reconcile_age: float = Field(default=60.0, gt=0)
    """Seconds after which a unit without an outcome is looked after."""

    reconcile_period: float = Field(default=15.0, gt=0)
    """Seconds between two passes that look after units, and between two that remove objects."""

    sweep_age: float = Field(default=120.0, gt=0)
    """Seconds after a run's end when the objects that no outcome names are removed; also between a deletion and its
    first repetition."""

    upload_age: float = Field(default=86400.0, gt=0)
    """Seconds after which an upload that was neither accepted nor removed is taken for abandoned."""

    keep_days: float = Field(default=7.0, gt=0)
    """How long events stay in Redis for replay."""

    retention_days: float | None = Field(default=None, gt=0)
    """How long meetings stay after their newest run has ended; without it until they are deleted."""
