"""What uploads leave at an S3 store: nothing if the client fails, and nothing for long if the gateway is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cli.local.child import free_port, start_child, stop_child
from tests.object_stores import Bucket

_FORM = b'--limit\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
_HEAD = (
    "POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
    "Content-Type: multipart/form-data; boundary=limit\r\n\r\n"
)
_SENT = 12_000_000


@pytest.fixture
def environment(bucket: Bucket, postgres_url: str, redis_url: str) -> dict[str, str]:
    servers = {"POSTGRES_URL": postgres_url, "REDIS_URL": redis_url, "HOST": "127.0.0.1"}
    return {**os.environ, **bucket.environment, **servers, "MAX_UPLOAD_BYTES": str(2 * _SENT)}


@contextmanager
def gateway(environment: dict[str, str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A gateway as a process, and its port."""
    port = free_port()
    with (folder / "gateway.log").open("ab") as output:
        process = start_child(
            [sys.executable, "-m", "services.gateway"],
            death_signal=signal.SIGKILL,
            output=output,
            environment={**environment, "PORT": str(port)},
            folder=Path(__file__).parents[4],
        )
    try:
        until(lambda: _is_ready(port), folder)
        yield process, port
    finally:
        stop_child(process, signal.SIGTERM, grace=20)


def until(is_so: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, (folder / "gateway.log").read_text()
        time.sleep(0.05)  # between two questions, not instead of one


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _half_an_upload(port: int, *, length: int = 2 * _SENT) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(_HEAD.format(length=length).encode() + _FORM + bytes(_SENT))
    return connection


def test_an_upload_whose_client_goes_away_is_aborted_at_once(
    environment: dict[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    with gateway(environment, tmp_path) as (_, port):
        connection = _half_an_upload(port)
        until(lambda: len(bucket.unfinished) == 1, tmp_path)
        connection.close()
        until(lambda: not bucket.unfinished, tmp_path)
    assert not [key for key in bucket.keys if "meetings/" in key]


def test_an_upload_past_the_limit_is_aborted_at_once(
    environment: dict[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    def endless() -> Iterator[bytes]:
        yield _FORM
        for _ in range(30):
            yield bytes(1_000_000)

    with gateway(environment, tmp_path) as (_, port):
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/meetings/process",
            content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=limit"},
            timeout=30,
        )
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert bucket.unfinished == []


def test_an_upload_that_a_stopping_gateway_cannot_await_is_aborted(
    environment: dict[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    with gateway({**environment, "GRACE": "1"}, tmp_path) as (process, port), _half_an_upload(port):
        until(lambda: len(bucket.unfinished) == 1, tmp_path)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert bucket.unfinished == []


def test_an_upload_whose_gateway_was_killed_is_aborted_by_the_next(
    environment: dict[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    with gateway(environment, tmp_path) as (process, port), _half_an_upload(port):
        until(lambda: len(bucket.unfinished) == 1, tmp_path)
        process.kill()
        process.wait(20)
    assert len(bucket.unfinished) == 1
    with gateway({**environment, "UPLOAD_AGE": "1"}, tmp_path):
        until(lambda: not bucket.unfinished, tmp_path)
