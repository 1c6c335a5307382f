"""A process that asks: clients that each keep a connection and send one request after the other."""

import asyncio
import itertools
import random
import sys
import time

from libs.common.speech import Frozen


class Asking(Frozen):
    """What a process is to ask."""

    port: int
    paths: tuple[str, ...]
    """Each client goes through them from a place of its own."""

    clients: int
    seconds: float
    """When nobody asks any more."""

    pause: float
    """Seconds that a client waits after an answer."""


class Heard(Frozen):
    """What a process has measured."""

    seconds: tuple[float, ...]
    """Of each answer."""

    errors: int
    """Answers that were not 200, and connections that ended."""

    processor: float
    """Seconds of the processors that the clients themselves took."""


async def ask(asking: Asking) -> Heard:
    """Ask with all clients until the time is over."""
    clients = [_Client(asking, start) for start in random.sample(range(10**6), asking.clients)]
    used = time.process_time()
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.run())
    return Heard(
        seconds=tuple(one for client in clients for one in client.seconds),
        errors=sum(client.errors for client in clients),
        processor=time.process_time() - used,
    )


class _Client:
    def __init__(self, asking: Asking, start: int) -> None:
        self.seconds: list[float] = []
        self.errors = 0
        self._asking = asking
        first = start % len(asking.paths)
        self._paths = itertools.cycle(asking.paths[first:] + asking.paths[:first])

    async def run(self) -> None:
        deadline = time.perf_counter() + self._asking.seconds
        while time.perf_counter() < deadline:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._asking.port)
                await self._ask(reader, writer, deadline)
                writer.close()
            except (OSError, EOFError):
                self.errors += 1

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deadline: float) -> None:
        while (began := time.perf_counter()) < deadline:
            writer.write(f"GET {next(self._paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            self.seconds.append(time.perf_counter() - began)
            self.errors += not head.startswith(b"http/1.1 200 ")
            await asyncio.sleep(self._asking.pause)


if __name__ == "__main__":
    print(asyncio.run(ask(Asking.model_validate_json(sys.argv[1]))).model_dump_json())
