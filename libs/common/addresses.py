"""What an address of a server must be; what is wrong with one is said without quoting it, as it may hold a password."""

from urllib.parse import urlsplit

_PASSWORD = "write the characters / # ? @ [ ] of a password as %2F %23 %3F %40 %5B %5D"  # noqa: S105 - how, not which


def server_address(address: str) -> str:
    """The address, whose hosts and ports can be told apart; Postgres takes several, with commas between them.

    Raises:
        ValueError: They cannot; the text is the cure.
    """
    try:
        hosts = urlsplit(address).netloc.rpartition("@")[2].split(",")
        for host in hosts:
            _ = urlsplit(f"//{host}").port
    except ValueError:  # its text quotes what it takes for the port
        raise ValueError(
            f"is no address: its port is no number from 0 to 65535, or a bracket is open; {_PASSWORD}"
        ) from None
    return address


def web_address(address: str) -> str:
    """The address of a server that speaks HTTP.

    Raises:
        ValueError: It is none; the text is the cure.
    """
    parts = urlsplit(server_address(address))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            "is no address of a server: set it to one such as http://127.0.0.1:8080 or https://example.com"
        )
    return address
