"""What counts as this machine: which addresses, and which requests.

A web page of anybody can let a browser of this machine ask the gateway, under a name of its own that leads to the
loopback address, or with a form. Both say so in their headers, which no page can change.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_asked_by_itself(headers: Headers) -> bool:
    """Whether a request names this machine as the one that is asked and, if a page asks, as where the page is from."""
    hosts = [f"//{one}" for one in headers.getlist("Host")]
    return bool(hosts) and all(map(_leads_here, [*hosts, *headers.getlist("Origin")]))


def _leads_here(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False
