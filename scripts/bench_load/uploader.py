"""A process that uploads: one thread per client, which hands the kernel a body that it has made before."""

import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from libs.common.speech import Frozen

_BLOCK_BYTES = 1024 * 1024
_BOUNDARY = "hansard-bench-load-boundary"
_PATIENCE = 600.0
"""Seconds that one step of an upload may take."""


class Load(Frozen):
    """What a process is to send."""

    port: int
    path: str
    clients: int
    """At the same time."""

    repeats: int
    """Uploads of each client, one after the other."""

    size_bytes: int
    """Of the recording."""


class Answered(Frozen):
    """One upload."""

    status: int
    """0 if nothing was answered."""

    seconds: float


class Sent(Frozen):
    """What a process has measured."""

    uploads: tuple[Answered, ...]
    wall: float
    """Seconds from the first connection to the last answer."""

    processor: float
    """Seconds of the processors that the clients themselves took."""


def send(load: Load) -> Sent:
    """Upload with all clients at once."""
    body = _Body(load)
    together = threading.Barrier(load.clients + 1)

    def client() -> list[Answered]:
        together.wait()
        return [body.upload() for _ in range(load.repeats)]

    with ThreadPoolExecutor(load.clients) as clients:
        running = [clients.submit(client) for _ in range(load.clients)]
        used = time.process_time()
        together.wait()
        began = time.perf_counter()
        uploads = tuple(one for each in running for one in each.result())
        return Sent(uploads=uploads, wall=time.perf_counter() - began, processor=time.process_time() - used)


class _Body:
    """A request whose parts are made once and sent many times."""

    def __init__(self, load: Load) -> None:
        disposition = 'Content-Disposition: form-data; name="audio"; filename="meeting.wav"'
        self._port, self._size_bytes = load.port, load.size_bytes
        self._start = f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: audio/wav\r\n\r\n".encode()
        self._end = f"\r\n--{_BOUNDARY}--\r\n".encode()
        self._block = memoryview(os.urandom(min(_BLOCK_BYTES, load.size_bytes)))
        length = len(self._start) + load.size_bytes + len(self._end)
        self._head = (
            f"POST {load.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    def upload(self) -> Answered:
        """Send it whole and read the answer."""
        began = time.perf_counter()
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE) as connection:
                self._send(connection)
                status = _status(connection)
        except OSError:
            status = 0
        return Answered(status=status, seconds=time.perf_counter() - began)

    def _send(self, connection: socket.socket) -> None:
        connection.sendall(self._head + self._start)
        left = self._size_bytes
        while left:
            piece = self._block[:left]
            connection.sendall(piece)
            left -= len(piece)
        connection.sendall(self._end)


def _status(connection: socket.socket) -> int:
    answer = b""
    while received := connection.recv(65536):
        answer += received
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


if __name__ == "__main__":
    print(send(Load.model_validate_json(sys.argv[1])).model_dump_json())
