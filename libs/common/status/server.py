"""An HTTP server beside the work of a process, in its event loop."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from libs.common.errors import InvalidSettings

_LAST_ANSWERS = 1
"""Seconds that answers which are on their way get at the end."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; on `::` also to IPv4. With port 0 the system chooses a free one.

    Raises:
        InvalidSettings: It cannot be had; the text names HOST and PORT and the cure.
    """
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        made = socket.create_server((host, port), family=family, dualstack_ipv6=both)
        # Named so, because asyncio else takes it for no TCP and leaves Nagle's algorithm on: 40 ms for each answer.
        return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # in brackets is the address once more
        raise InvalidSettings(f"cannot listen on HOST={host}, PORT={port}: {reason}; {_cure(error)}") from error


def _cure(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "stop what listens there, or set PORT to another one (0 takes any that is free)"
    if error.errno == errno.EACCES:
        return "set PORT to one from 1024 on"
    return "set HOST to an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them"


def address_of(listening: socket.socket) -> str:
    """Where it listens."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class QuietServer(uvicorn.Server):
    """Leaves signals to the process: uvicorn raises them again when it ends, before other work has."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Answer until the block ends."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    server = QuietServer(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await running
