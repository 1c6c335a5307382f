"""What is set of the clients of a store: how long they wait, how often they try, and how they send large objects."""

import math
import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url
from obstore.store import ObjectStore as Obstore

from libs.common.errors import InvalidSettings
from libs.common.storage_refusals import without_credentials

PARTS_AT_ONCE = 3
"""Parts of one upload on their way at the same time. A part is held in memory until the store has it, and one more is
filled meanwhile: an upload takes `(PARTS_AT_ONCE + 1)` times the size of a part at most."""

_SMALLEST_PART_BYTES = 5 * 1024**2
_MOST_PARTS = 10_000

_CURE = "set it to an address such as file:///folder or s3://bucket/prefix"


def open_backend(url: str, *, silence: float = 20.0, patience: float = 25.0) -> Obstore:
    """The client for `file:///folder`, `s3://bucket/prefix` or `memory://`.

    Args:
        url: The address.
        silence: Seconds without a byte from a bucket after which a request has failed, also while one is sent.
        patience: Seconds after which what fails is not tried again; longer than one silence, or a single stalled
            request would be an outage.

    Raises:
        InvalidSettings: The address names no store that is supported.
    """
    try:
        match urlsplit(url).scheme:
            case "file":
                return LocalStore(folder_of(url), mkdir=True, automatic_cleanup=True)
            case "memory":
                return MemoryStore()
            case _:
                return _bucket(url, timedelta(seconds=silence), timedelta(seconds=patience))
    except (BaseError, ValueError, OSError) as error:
        reason = without_credentials(str(error).partition("\n")[0])  # the rest is how Rust prints it for debugging
        raise InvalidSettings(f"OBJECT_STORE_URL names no usable store ({reason}); {_CURE}") from error


def open_upload_backend(url: str) -> Obstore:
    """A client that waits longer: a store may need minutes to make one object of many parts.

    What has been sent for minutes is worth more patience, too.
    """
    return open_backend(url, silence=180.0, patience=240.0)


def _bucket(url: str, silence: timedelta, patience: timedelta) -> Obstore:
    """An outage shows at the first failure past the patience: 5 s later if connecting stalls, else one silence."""
    _drop_empty()
    return from_url(
        url,
        client_options={
            "connect_timeout": timedelta(seconds=5),
            "read_timeout": silence,
            "timeout": timedelta(
                hours=12
            ),  # of a whole answer, however slowly it is read: what stalls is found by the other two
            "allow_http": _may_be_plain(),
        },
        retry_config={
            "max_retries": 30,
            "retry_timeout": patience,
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
        },
    )


def _drop_empty() -> None:
    """The client takes an empty variable for a value; everywhere else it means that nothing is set."""
    for name in [name for name, value in os.environ.items() if name.startswith("AWS_") and not value]:
        del os.environ[name]


def _may_be_plain() -> bool:
    """The client reads all `AWS_…` itself, but this one no more once it is given options."""
    return os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "t", "on", "yes", "y"}


def folder_of(url: str) -> Path | None:
    """Where the objects are, if they are files of this machine.

    Raises:
        InvalidSettings: It is a folder of elsewhere, or another one for each service: `file://folder` names a host.
    """
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    folder = Path(url2pathname(parts.path))
    if parts.netloc not in {"", "localhost"} or not folder.is_absolute():
        raise InvalidSettings(
            f"OBJECT_STORE_URL names no usable store (a folder is given by its whole path after three slashes); {_CURE}"
        )
    return folder


def part_bytes(at_most_bytes: int) -> int:
    """The size of each part of an object, so that S3's 10,000 parts suffice; whole MiB, the same for all parts."""
    needed = math.ceil(at_most_bytes / _MOST_PARTS)
    return max(_SMALLEST_PART_BYTES, math.ceil(needed / 1024**2) * 1024**2)
