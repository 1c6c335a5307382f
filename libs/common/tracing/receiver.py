"""Where traces are sent and what goes with them, as OpenTelemetry's own variables say it."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

TRACES = "/v1/traces"
"""What a receiver's address gets for traces."""


def base_address(address: str) -> str:
    """The address of a receiver, without the path for traces.

    Raises:
        ValueError: It has that path already; the text is the cure.
    """
    if urlsplit(address).path.rstrip("/").endswith(TRACES):
        raise ValueError(f"ends with {TRACES}, which is added to it: leave that away")
    return address.rstrip("/")


def headers_of(text: str) -> Mapping[str, str]:
    """`name=value` pairs with commas between them, values URL-encoded.

    Raises:
        ValueError: They are none; the text is the cure.
    """
    pairs = [one.partition("=") for one in text.split(",") if one.strip()]
    if any(not name.strip() or not sign for name, sign, _ in pairs):
        raise ValueError("holds no headers: set it to name=value pairs with commas between them, values URL-encoded")
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}
