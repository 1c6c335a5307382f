"""What listens for requests."""

import asyncio
import socket

from libs.common.status.server import listening_socket


async def test_answers_are_not_held_back_until_the_one_before_is_acknowledged() -> None:
    has_no_delay: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        has_no_delay.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = listening_socket("127.0.0.1", 0)
    async with await asyncio.start_server(answer, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        assert await has_no_delay
        writer.close()
