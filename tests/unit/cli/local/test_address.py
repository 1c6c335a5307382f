"""Where the other commands find a gateway that does not listen where they look."""

import pytest

from cli.local.up import address_to_export
from cli.settings import LocalSettings


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8000, None),
        ("0.0.0.0", 8000, None),
        ("127.0.0.1", 8123, "http://127.0.0.1:8123"),
        ("0.0.0.0", 8123, "http://127.0.0.1:8123"),
        ("10.0.0.5", 8000, "http://10.0.0.5:8000"),
    ],
)
def test_an_address_is_named_where_commands_do_not_look_by_themselves(
    host: str, port: int, address: str | None
) -> None:
    assert address_to_export(LocalSettings(HANSARD_HOST=host, port=port)) == address
