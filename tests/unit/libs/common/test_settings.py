"""What a service says of settings that are missing, wrong or misspelt, and which of their values are secret."""

from typing import Literal

import pytest
from pydantic import Field, SecretStr

from libs.common.errors import InvalidSettings
from libs.common.setting_faults import Misspelt
from libs.common.setting_secrets import passwords_in, secrets_in
from libs.common.settings import (
    Address,
    Count,
    Seconds,
    ServiceSettings,
    misspelt_variables,
    read_settings,
    setting_faults,
)


class Example(ServiceSettings):
    example_engine: Literal["slow", "fast"]
    """Who does it. Nobody chooses by itself."""

    example_slots: Count = Field(default=1, ge=1)
    """Units at the same time."""

    example_share: Seconds = Field(default=1.0, gt=0, le=5)
    """How long it takes; no longer."""

    example_key: SecretStr = Field(default=SecretStr(""), max_length=3)
    """Opens the door."""

    example_server: Address = Field(default="http://127.0.0.1:1/x", pattern="^http://")
    """Server that does it."""


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_ENGINE", "slow")


def test_every_fault_is_named_with_what_is_expected_and_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXAMPLE_ENGINE")
    monkeypatch.setenv("EXAMPLE_SLOTS", "0")
    monkeypatch.setenv("EXAMPLE_SHARE", "nine")
    with pytest.raises(InvalidSettings) as refused:
        read_settings(Example)
    assert refused.value.message.split("; ") == [
        "EXAMPLE_ENGINE is missing: set it to slow or fast (who does it)",
        "EXAMPLE_SLOTS is '0': set it to a whole number of at least 1 (units at the same time)",
        "EXAMPLE_SHARE is 'nine': set it to a number above 0 and of at most 5, in seconds (how long it takes)",
    ]


def test_values_of_secrets_and_addresses_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "canary-key")
    monkeypatch.setenv("EXAMPLE_SERVER", "ftp://user:canary-password@host")
    with pytest.raises(InvalidSettings) as refused:
        read_settings(Example)
    assert "canary" not in f"{refused.value} {refused.value.__cause__}"
    assert refused.value.message.split("; ") == [
        "EXAMPLE_KEY is wrong: set it to a text (opens the door)",
        "EXAMPLE_SERVER is wrong: set it to an address such as http://127.0.0.1:1/x (server that does it)",
    ]


def test_a_part_is_expected_as_a_number_and_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "2")
    (fault,) = setting_faults(Example)
    assert "set it to a number from 0 to 1 (which part of all runs is traced)" in fault


@pytest.mark.parametrize("end", ["/v1/traces", "/v1/traces/", "/otlp/v1/traces"])
def test_a_receiver_with_the_path_that_is_added_to_it_is_refused(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://me:canary-password@127.0.0.1:4318{end}")
    assert setting_faults(Example) == [
        "OTEL_EXPORTER_OTLP_ENDPOINT ends with /v1/traces, which is added to it: leave that away"
    ]


@pytest.mark.parametrize("address", ["http://127.0.0.1:4318", "https://traces.example/otlp/", "http://v1/traces"])
def test_a_receiver_may_lie_below_a_path(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    assert read_settings(Example).otel_exporter_otlp_endpoint == address.rstrip("/")


@pytest.mark.parametrize("headers", ["Bearer canary", "=canary", "authorization=Bearer%20abc,canary"])
def test_headers_that_are_none_are_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, headers: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", headers)
    (fault,) = setting_faults(Example)
    assert fault.startswith("OTEL_EXPORTER_OTLP_HEADERS holds no headers: set it to name=value pairs")
    assert "canary" not in fault


@pytest.mark.parametrize("name", ["EXAMPLE_ENGIN", "EXAMPL_ENGINE", "EXAMPLE_ENIGNE", "EXAMPLE_ENGINES"])
def test_a_misspelt_variable_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "fast")
    assert misspelt_variables(Example) == [Misspelt(name, "EXAMPLE_ENGINE")]


@pytest.mark.parametrize("name", ["LEESE", "LAESE", "LEASES", "LEAS_E", "lease_"])
def test_a_short_variable_is_misspelt_by_one_slip(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "30")
    assert misspelt_variables(Example) == [Misspelt(name, "LEASE")]


@pytest.mark.parametrize(
    "name",
    ["HOSTNAME", "RELEASE", "TRACE", "PORTS", "LESSER", "LEAS", "EXAMPLE_ENGINE", "example_engine", "EXAMPLE_PLACE"],
)
def test_other_variables_are_not_taken_for_misspelt(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "fast")
    assert misspelt_variables(Example) == []


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("redis://:canary@host:6379/0", "canary"),
        ("redis://user:ca%2Fnary@host", "ca%2Fnary"),
        ("redis://:ca/na@ry@host", "ca/na@ry"),
        ("redis://:can[ary@host", "can[ary"),
        ("redis:/:canary@host", "canary"),
        ("redis://host:canary", "canary"),
        ("https://canary@host/v1", "canary"),
        ("redis://host/0?password=canary&x=1", "canary"),
        ("postgresql:///db?host=h&sslpassword=canary", "canary"),
    ],
)
def test_the_secret_of_an_address_is_found_even_where_it_is_wrong(address: str, secret: str) -> None:
    assert secret in set(passwords_in(address))


@pytest.mark.parametrize("address", ["redis://host:6379/0", "file:///a:b/c", "s3://bucket/prefix", "http://[::1]:80/"])
def test_an_address_without_a_password_has_no_secret(address: str) -> None:
    assert list(passwords_in(address)) == []


def test_the_secrets_are_those_of_the_fields_of_libraries_and_of_headers() -> None:
    environment = {
        "EXAMPLE_KEY": "canary-1",
        "redis_url": "redis://:canary-2@host",
        "AWS_SECRET_ACCESS_KEY": "canary-3",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-4,x-team=canary-5",
        "EXAMPLE_SLOTS": "innocent",
    }
    found = set(secrets_in(Example, environment))
    assert found.issuperset(f"canary-{number}" for number in range(1, 6))
    assert "innocent" not in found
