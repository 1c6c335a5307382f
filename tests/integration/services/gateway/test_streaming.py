"""Uploads over real connections: limits, and clients that go away."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway.gateway import Gateway
from tests.integration.line import until

HEAD = b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=b"}


async def is_empty(gateway: Gateway) -> bool:
    return await gateway.store.list("") == [] and await gateway.database.fetch("SELECT FROM uploads") == []


async def body(num_bytes: int) -> AsyncIterator[bytes]:
    yield HEAD
    for _ in range(num_bytes // 50_000):
        yield bytes(50_000)
    yield TAIL


async def test_a_large_recording_arrives_whole(gateway: Gateway, address: tuple[str, int]) -> None:
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*address), timeout=20) as client:
        answer = await client.post("/api/meetings/process", content=body(950_000), headers=FORM)
    assert answer.status_code == 202, answer.text
    [meeting] = await gateway.database.fetch("SELECT upload_key, size_bytes FROM meetings")
    assert meeting["size_bytes"] == 950_000
    assert await gateway.store.size(meeting["upload_key"]) == 950_000


async def test_an_announced_size_over_the_limit_is_refused_before_the_body(
    gateway: Gateway, address: tuple[str, int]
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        b"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 1000001\r\nExpect: 100-continue\r\n\r\n"
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert await is_empty(gateway)


@pytest.mark.parametrize("num_bytes", [1_000_000, 20_000_000])
async def test_a_body_of_unknown_size_is_stopped_at_the_limit(
    gateway: Gateway, address: tuple[str, int], num_bytes: int
) -> None:
    async with httpx.AsyncClient(base_url="http://{}:{}".format(*address), timeout=20) as client:
        answer = await client.post("/api/meetings/process", content=body(num_bytes), headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert await is_empty(gateway)


async def test_a_client_that_goes_away_leaves_nothing(gateway: Gateway, address: tuple[str, int]) -> None:
    _, writer = await asyncio.open_connection(*address)
    writer.write(
        b"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 900000\r\n\r\n" + HEAD + bytes(300_000)
    )
    await writer.drain()

    async def has_begun() -> bool:
        return await gateway.database.fetch("SELECT FROM uploads") != []

    await until(has_begun)
    writer.close()
    await until(lambda: is_empty(gateway))
    assert await gateway.database.fetch("SELECT FROM meetings") == []


async def test_a_client_that_falls_silent_is_given_up(gateway: Gateway, address: tuple[str, int]) -> None:
    object.__setattr__(gateway.limits, "max_silence", 0.2)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        b"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 900000\r\n\r\n" + HEAD
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert await is_empty(gateway)
