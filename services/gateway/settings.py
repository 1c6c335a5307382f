"""Settings of the gateway."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from libs.common.personas import SHIPPED_PERSONAS
from libs.common.settings import Address, Bytes, Count, Days, PortNumber, Seconds, ServiceSettings
from services.gateway.keys.key import is_key
from services.gateway.keys.own_machine import is_loopback


class GatewaySettings(ServiceSettings):
    """Read once, in `__main__`."""

    postgres_url: Address = Field(
        default="postgresql://hansard:hansard@127.0.0.1:5432/hansard", pattern=r"^postgres(ql)?://"
    )
    """Postgres 14 or newer, migrated with `python -m services.gateway migrate`."""

    postgres_connections: Count = Field(default=20, ge=4)
    """The most connections that one gateway opens."""

    port: PortNumber = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes any that is free."""

    require_api_key: bool = False
    """Whether also a gateway asks for keys that listens only on its own machine; every other does anyway."""

    hansard_api_key: SecretStr | None = None
    """A key that `migrate` stores, for a platform that makes up the first one: 32 random characters or more. The
    commands of `hansard` send what this variable holds."""

    max_upload_bytes: Bytes = Field(default=2 * 1024**3, ge=1)
    """The longest body of one request."""

    max_upload_silence: Seconds = Field(default=60.0, gt=0)
    """Time without a byte after which an upload is given up."""

    backlog_limit: Count = Field(default=1000, ge=0)
    """Units that may wait before a stage or be in its work, and twenty times as many chunks of meetings; with so many,
    new work is refused. 0 for any number."""

    personas_dir: Path = SHIPPED_PERSONAS
    """One YAML file per persona; the same files that the summarizer reads."""

    reconcile_age: Seconds = Field(default=60.0, gt=0)
    """Age at which a unit without an outcome is looked after."""

    reconcile_period: Seconds = Field(default=15.0, gt=0)
    """Time between two passes that look after units, and between two that remove objects."""

    sweep_age: Seconds = Field(default=120.0, gt=0)
    """Time after a run's end when the objects that no outcome names are removed; also between a deletion and its
    first repetition."""

    upload_age: Seconds = Field(default=86400.0, gt=0)
    """Age at which an upload that was neither accepted nor removed is taken for abandoned."""

    keep_days: Days = Field(default=7.0, gt=0)
    """How long events stay in Redis for replay."""

    retention_days: Days | None = Field(default=None, gt=0)
    """How long meetings stay after their newest run has ended; without it until they are deleted."""

    @field_validator("hansard_api_key")
    @classmethod
    def _is_strong(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not is_key(key.get_secret_value()):
            raise ValueError(
                "is no key: it has to have 32 to 256 random characters out of A-Z, a-z, 0-9 and ._~+/=-; "
                "python -m services.gateway keys create NAME makes a good one"
            )
        return key

    @property
    def is_key_required(self) -> bool:
        """Nobody reaches a gateway from elsewhere without a key."""
        return self.require_api_key or not is_loopback(self.host)
