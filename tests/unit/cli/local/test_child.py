"""What the programs of this machine share: their ports."""

import socket
from contextlib import ExitStack

from cli.local.child import free_port


def test_a_free_port_is_none_that_the_kernel_gives_to_others() -> None:
    with socket.socket() as anyone:
        anyone.bind(("127.0.0.1", 0))
        given = anyone.getsockname()[1]
    assert all(1024 < free_port() < min(given, 32_768) for _ in range(50))


def test_a_port_in_use_is_not_free() -> None:
    with ExitStack() as listening:
        for _ in range(300):
            listening.enter_context(socket.create_server(("127.0.0.1", free_port())))
