"""Waits until every program of this machine takes work, and says for which it waits."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import httpx
import psutil

_BETWEEN_LOOKS = 0.2
_SAID_AGAIN_AFTER = 30.0
"""Seconds; a model that is fetched first takes minutes."""

Tell = Callable[[str], None]


async def until_ready(names: Sequence[str], pid_of: Callable[[str], int | None], tell: Tell) -> None:
    """Return when the `/ready` of every program says so.

    Args:
        names: The programs.
        pid_of: The process of a program; `None` while it has none.
        tell: Called with a line whenever fewer are waited for, and from time to time.
    """
    began = told_at = time.monotonic()
    told: Collection[str] = ()
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
        while waiting := [name for name in names if not await _is_ready(client, pid_of(name))]:
            now = time.monotonic()
            if waiting != told or now - told_at > _SAID_AGAIN_AFTER:
                tell(f"Loading for {now - began:.0f} s: {', '.join(waiting)} …")
                told, told_at = waiting, now
            await asyncio.sleep(_BETWEEN_LOOKS)


async def _is_ready(client: httpx.AsyncClient, pid: int | None) -> bool:
    address = None if pid is None else listening_address(pid)
    if address is None:
        return False
    with suppress(httpx.HTTPError):
        return (await client.get(f"{address}/ready")).is_success
    return False


def listening_address(pid: int) -> str | None:
    """Where a process of this user listens: of one that may take any port, only the kernel knows it."""
    with suppress(psutil.Error):
        for connection in psutil.Process(pid).net_connections(kind="tcp4"):
            if connection.status == psutil.CONN_LISTEN:
                host = "127.0.0.1" if connection.laddr.ip == "0.0.0.0" else connection.laddr.ip  # noqa: S104
                return f"http://{host}:{connection.laddr.port}"
    return None
