"""A TCP proxy in front of a server, which loses connections at the moment it is told to."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

_PIECE_BYTES = 65536
_RESET = struct.pack("ii", 1, 0)
"""`SO_LINGER`: closing sends a reset, and nothing that still waits to be sent."""

_LONGEST_MARK = 64

Side = Literal["before", "after"]
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Trap:
    """Resets the first connection that sends `mark`, once."""

    mark: bytes
    side: Side
    """`before`: the server never sees it. `after`: the server acts on it, and its answer is lost."""

    sprung: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Passes on what comes to its own port, as long as it is left alone."""

    def __init__(self, host: str, port: int) -> None:
        """`host` and `port` are those of the server; it need not be there all the time."""
        self.resets = 0
        """Connections that were reset so far."""

        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._traps: list[Trap] = []
        self._swallowed: set[bytes] = set()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def port(self) -> int:
        """Where it listens, on the loopback interface."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Listen while the block runs."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self.close()

    def close(self) -> None:
        """Reset all connections and take no more, as a server that is down."""
        if self._server is not None:
            self._server.close()
        self.reset_all()

    def reset_all(self) -> int:
        """Reset all connections; returns how many there were."""
        links = list(self._links)
        for link in links:
            self._reset(link)
        return len(links)

    def reset_next(self, mark: bytes, side: Side) -> Trap:
        """Reset the next connection that sends `mark`: the SHA-1 of a script, or a word of a command."""
        trap = Trap(mark, side)
        self._traps.append(trap)
        return trap

    @contextmanager
    def swallowing(self, mark: bytes) -> Iterator[None]:
        """Let nothing of a connection that sends `mark` while the block runs reach the server; the others go on."""
        self._swallowed.add(mark)
        try:
            yield
        finally:
            self._swallowed.discard(mark)

    async def stall(self, seconds: float) -> None:
        """Let nothing pass for a while; connections stay."""
        self._open.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_connection(*self._target)
        except OSError:
            _abort(writer)
            return
        link = _Link(client=(reader, writer), server=server)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(link.client, link.server, link, self._sent))
                group.create_task(self._pass_on(link.server, link.client, link, self._answered))
        finally:
            self._links.discard(link)
            link.close()

    async def _pass_on(
        self, source: _Stream, target: _Stream, link: "_Link", look: Callable[["_Link", bytes], bool]
    ) -> None:
        with suppress(OSError):
            while piece := await source[0].read(_PIECE_BYTES):
                await self._open.wait()
                if look(link, piece):
                    self._reset(link)
                    return
                if link.is_swallowed:
                    continue
                target[1].write(piece)
                await target[1].drain()
        link.close()

    def _sent(self, link: "_Link", piece: bytes) -> bool:
        """Whether a trap resets the connection instead of passing this on."""
        seen = link.tail + piece
        link.tail = seen[-_LONGEST_MARK:]
        link.is_swallowed = link.is_swallowed or any(mark in seen for mark in self._swallowed)
        trap = next((one for one in self._traps if one.mark in seen), None)
        if trap is None:
            return False
        self._traps.remove(trap)
        link.trap = trap
        if trap.side == "before":
            trap.sprung.set()
        return trap.side == "before"

    def _answered(self, link: "_Link", _piece: bytes) -> bool:
        link.tail = b""
        if link.trap is None:
            return False
        link.trap.sprung.set()
        return True

    def _reset(self, link: "_Link") -> None:
        self.resets += 1
        for _, writer in (link.client, link.server):
            _abort(writer)


@dataclass(eq=False)
class _Link:
    """A client's connection and the one to the server."""

    client: _Stream
    server: _Stream
    tail: bytes = b""
    """The end of what the client has sent since the last answer: a mark may come in two pieces."""

    trap: Trap | None = None
    is_swallowed: bool = False

    def close(self) -> None:
        for _, writer in (self.client, self.server):
            writer.close()


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
