"""Settings that every service has, and the units in which settings are given; each service adds its own."""

import os
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import structlog
from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.common import redaction
from libs.common.addresses import server_address, web_address
from libs.common.errors import InvalidSettings
from libs.common.setting_faults import Misspelt, faults, misspelt
from libs.common.setting_secrets import secrets_in
from libs.common.tracing.receiver import base_address, headers_of
from libs.common.units import HoldsPassword, Unit

Seconds = Annotated[float, Unit("seconds")]
Days = Annotated[float, Unit("days")]
Bytes = Annotated[int, Unit("bytes")]
Mebibytes = Annotated[int, Unit("MiB")]
Count = Annotated[int, Unit("count")]
Tokens = Annotated[int, Unit("tokens")]
PerMinute = Annotated[int, Unit("per minute")]
Fraction = Annotated[float, Unit("0 to 1")]
Cosine = Annotated[float, Unit("cosine similarity")]
PortNumber = Annotated[int, Unit("TCP port")]

Address = Annotated[str, HoldsPassword(), AfterValidator(server_address)]
"""Of a server; what stands before its `@` is secret."""

WebAddress = Annotated[str, HoldsPassword(), AfterValidator(web_address)]
"""Of a server that speaks HTTP."""


class ServerSettings(BaseSettings):
    """Where the servers are that every service needs."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    redis_url: Address = "redis://127.0.0.1:6379/0"
    """Redis 6.2 or newer, with `noeviction` and AOF."""

    object_store_url: Address = "file:///var/lib/hansard/objects"
    """`file:///folder`, or `s3://bucket/prefix` with the AWS variables."""


class ServiceSettings(ServerSettings):
    """Read once, in `__main__`, from variables named like the fields in capitals."""

    aws_access_key_id: str | None = None
    """Of the account that may use the bucket."""

    aws_secret_access_key: SecretStr | None = None
    """Belongs to `AWS_ACCESS_KEY_ID`."""

    aws_session_token: SecretStr | None = None
    """For credentials that end by themselves."""

    aws_region: str | None = None
    """Of the bucket; unset, `us-east-1`."""

    aws_endpoint_url: WebAddress | None = Field(
        default=None, validation_alias=AliasChoices("AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    )
    """Of an S3-compatible store; unset, Amazon's."""

    aws_allow_http: bool = False
    """Whether the address of the store may begin with `http://`: only inside a private network."""

    aws_virtual_hosted_style_request: bool = False
    """Whether the store wants the bucket in the host name; the address of the store then has it too."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a container."""

    port: PortNumber = Field(default=0, ge=0, le=65535)
    """Port to listen on; 0 takes any that is free."""

    lease: Seconds = Field(default=30.0, gt=0)
    """How long a delivery stays on loan without renewal."""

    grace: Seconds = Field(default=20.0, ge=0)
    """How long work in hand may go on after SIGTERM before it is handed back."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged: this and everything graver."""

    log_format: Literal["json", "console"] = "json"
    """One JSON object a line, or lines for people."""

    otel_exporter_otlp_endpoint: WebAddress | None = None
    """Of what receives traces over OTLP/HTTP, without `/v1/traces`; unset, nothing is traced."""

    otel_exporter_otlp_headers: SecretStr | None = None
    """Sent with every trace: `name=value` pairs with commas between them, values URL-encoded."""

    otel_traces_sampler_arg: Fraction = Field(default=1.0, ge=0, le=1)
    """Which part of all runs is traced; the same in every service."""

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _is_base_address(cls, address: str | None) -> str | None:
        return address and base_address(address)

    @field_validator("otel_exporter_otlp_headers")
    @classmethod
    def _holds_headers(cls, headers: SecretStr | None) -> SecretStr | None:
        if headers is not None:
            headers_of(headers.get_secret_value())
        return headers


S = TypeVar("S", bound=BaseSettings)

_log = structlog.get_logger(__name__)


def read_settings(settings: type[S]) -> S:
    """Read a service's settings from the environment; what is secret there is hidden from now on.

    Raises:
        InvalidSettings: Variables are missing or wrong; the text names each, what is wrong and the cure.
    """
    redaction.hide(secrets_in(settings, os.environ))
    try:
        return settings()
    except ValidationError as error:
        raise InvalidSettings("; ".join(faults(settings, error))) from error


def setting_faults(settings: type[BaseSettings]) -> Sequence[str]:
    """What is wrong or missing, one text each."""
    redaction.hide(secrets_in(settings, os.environ))
    try:
        settings()
    except ValidationError as error:
        return faults(settings, error)
    return ()


def misspelt_variables(settings: type[BaseSettings]) -> Sequence[Misspelt]:
    """Variables of the environment that look like settings of this service and are none."""
    return misspelt(settings, os.environ)


def warn_of_misspelt(settings: type[BaseSettings]) -> None:
    """Say in the log which variables are probably misspelt."""
    for one in misspelt_variables(settings):
        _log.warning("nobody reads this variable: it may be misspelt", variable=one.name, meant=one.meant)
