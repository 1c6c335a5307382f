"""Addresses of servers: what is refused, and that no refusal quotes a password."""

import pytest

from libs.common.addresses import server_address, web_address


@pytest.mark.parametrize(
    "address",
    [
        "redis://host",
        "redis://:p%23w@host:6379/0",
        "rediss://user:a:b@[::1]:6380",
        "unix:///run/redis.sock?db=1",
        "postgresql:///hansard?host=/run/postgresql",
        "postgresql://user:word@one:5432,two,three:5433/hansard",
        "file:///folder/with:colon",
        "s3://bucket/prefix",
    ],
)
def test_an_address_stays_as_it_is(address: str) -> None:
    assert server_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "redis://host:canary",
        "redis://host:65536",
        "postgresql://user:can/ary@host:5432/hansard",
        "postgresql://user:word@one:5432,two:canary/hansard",
        "redis://:can[ary@host",
        "http://[::1/canary",
    ],
)
def test_an_address_without_a_port_where_one_belongs_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"port is no number.*%2F") as refused:
        server_address(address)
    assert "can" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("address", ["http://127.0.0.1:11434/v1", "https://user:word@example.com", "HTTP://[::1]:1"])
def test_a_server_that_speaks_http_is_taken(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize("address", ["localhost:4318", "example.com", "ftp://example.com", "http://", "http:///v1"])
def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="set it to one such as"):
        web_address(address)
