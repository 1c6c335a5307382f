"""Which values of the environment are secret: those of secret settings, and the passwords inside addresses."""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_plus

from pydantic_settings import BaseSettings

from libs.common.setting_fields import variable_names, variables_of

_OF_LIBRARIES = frozenset(
    {
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "HANSARD_API_KEY",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HUGGINGFACE_TOKEN",
        "OPENAI_API_KEY",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "PGPASSWORD",
    }
)
"""What libraries read by themselves, and what a shared environment may hold for another service."""

_ADDRESSES = frozenset(
    {"AWS_ENDPOINT", "AWS_ENDPOINT_URL", "OBJECT_STORE_URL", "OPENAI_BASE_URL", "POSTGRES_URL", "REDIS_URL"}
)
_SECRET_PARAMETER = re.compile(r"[?&;][^=&;]*(?:key|pass|secret|sig|token|pwd)[^=&;]*=([^&;#]+)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[/?#\[\]@:]")


def secrets_in(settings: type[BaseSettings], environment: Mapping[str, str]) -> Iterator[str]:
    """The secret values of these settings, as the environment has them, also where they are wrong."""
    whole, inside = set(_OF_LIBRARIES), set(_ADDRESSES)
    for variable, (name, field) in zip(variables_of(settings), settings.model_fields.items(), strict=True):
        names = variable_names(name, field)
        whole.update(names if variable.secrecy == "whole" else ())
        inside.update(names if variable.secrecy == "password inside" else ())
    for name, value in environment.items():
        if name.upper() in whole:
            yield from _parts(value)
        elif name.upper() in inside:
            yield from passwords_in(value)


def passwords_in(address: str) -> Iterator[str]:
    """What is secret in an address, even in one that cannot be read: the mistake may stand in the password."""
    yield from _SECRET_PARAMETER.findall(address)
    rest = address.partition("://")[2] or address
    before, at, _ = rest.rpartition("@")
    user, colon, password = before.partition(":")
    if at:
        secret = password if colon else user  # a name alone is a token
        yield from (secret, *_SEPARATORS.split(secret))
    _, colon, port = rest.rpartition("@")[2].partition("/")[0].rpartition(":")
    if colon and not port.isdecimal() and not port.endswith("]"):
        yield port  # where the `@` is forgotten, the password looks like a port


def _parts(value: str) -> Iterable[str]:
    """The value, and the values in a list such as `authorization=Bearer abc,x-team=1` of OpenTelemetry."""
    yield value
    if "=" in value.rstrip("="):
        for one in value.split(","):
            inner = unquote_plus(one.partition("=")[2]).strip()
            yield from (inner, inner.rpartition(" ")[2])
