"""The gateway as uvicorn's own command starts it: the same work, logs and end, and always with keys."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from cli.local.child import free_port
from libs.common.service import FAILED, REFUSED
from services.gateway.keys.key import is_key

HEAD = b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
NO_KEY_YET = "nobody can ask for anything yet: no API key exists"


class Served:
    """A gateway in a process of its own."""

    def __init__(self, environment: Mapping[str, str], log: Path, *, is_module: bool = False) -> None:
        """`is_module`: as `python -m services.gateway` starts it."""
        self.port = free_port()
        self.log = log
        self._environment = environment
        address = {"HOST": "0.0.0.0", "PORT": str(self.port)} if is_module else {}
        uvicorn = ["uvicorn", "--factory", "services.gateway.asgi:app", "--host", "0.0.0.0", "--port", str(self.port)]
        command = [sys.executable, "-m", *(["services.gateway"] if is_module else uvicorn)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env={**environment, **address}, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/ready").is_success
            return False

        wait_until(is_ready)

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def create_key(self) -> str:
        command = [sys.executable, "-m", "services.gateway", "keys", "create", "test"]
        made = subprocess.run(command, env=dict(self._environment), capture_output=True, text=True, check=True)
        assert made.stdout.count("\n") == 1
        return made.stdout.strip()

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def begin_upload(self, key: str, size_bytes: int) -> socket.socket:
        """The headers and the beginning of an upload; the gateway has stored nothing of it yet."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        length = len(HEAD) + size_bytes + len(TAIL)
        connection.sendall(
            f"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n".encode()
            + HEAD
        )
        return connection


def wait_until(is_so: Callable[[], bool], *, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # between two questions, not instead of one


def whole_answer(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.fixture
def environment(postgres_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    servers = {"POSTGRES_URL": postgres_url, "REDIS_URL": redis_url}
    kept = {name: value for name, value in os.environ.items() if name != "HANSARD_API_KEY"}
    return {**kept, **servers, "OBJECT_STORE_URL": (tmp_path / "objects").as_uri(), "GRACE": "60"}


@contextmanager
def served(environment: Mapping[str, str], tmp_path: Path, *, is_module: bool = False) -> Iterator[Served]:
    gateway = Served(environment, tmp_path / "gateway.log", is_module=is_module)
    try:
        gateway.wait_until_ready()
        yield gateway
    finally:
        gateway.process.kill()
        gateway.process.wait()


def has_uploads(postgres_url: str) -> bool:
    with psycopg.connect(postgres_url) as connection:
        return connection.execute("SELECT FROM uploads").fetchone() is not None


def test_it_takes_a_meeting_lets_its_events_be_followed_and_ends_in_order(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with served(environment, tmp_path) as gateway:
        assert httpx.get(f"{gateway.url}/api/meetings", timeout=20).status_code == 401
        key = gateway.create_key()
        assert is_key(key)
        with httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
            answer = client.post("/api/meetings/process", files={"audio": ("a.wav", b"sound")})
            assert answer.status_code == 202
            with client.stream("GET", "/api/pipeline/events", params={"since": "60"}) as events:
                lines = iter(events.iter_lines())
                assert any(answer.json()["meeting_id"] in line for line in lines)
                began = time.monotonic()
                gateway.process.send_signal(signal.SIGTERM)
                assert "event: end" in list(lines)
        assert gateway.process.wait(30) == -signal.SIGTERM
        assert time.monotonic() - began < 30
        said = [str(line["message"]) for line in gateway.lines()]
        assert {line["service"] for line in gateway.lines()} == {"gateway"}
        assert said.count(NO_KEY_YET) == 1
        assert said.index("gateway stopped") > said.index("Shutting down") > said.index("Application startup complete.")
        assert key not in gateway.log.read_text()


def test_a_gateway_that_can_be_reached_asks_for_keys_and_says_how_to_make_one(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with served({**environment, "REQUIRE_API_KEY": "false"}, tmp_path, is_module=True) as gateway:
        assert httpx.get(f"{gateway.url}/api/meetings", timeout=20).status_code == 401
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) == 0
    [warning] = [line for line in gateway.lines() if line["message"] == NO_KEY_YET]
    assert "keys create" in str(warning["cure"])


def test_an_upload_in_progress_is_accepted_after_sigterm(
    environment: dict[str, str], postgres_url: str, tmp_path: Path
) -> None:
    with served(environment, tmp_path) as gateway:
        with gateway.begin_upload(gateway.create_key(), 100_000) as connection:
            connection.sendall(bytes(60_000))
            wait_until(lambda: has_uploads(postgres_url))
            gateway.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not gateway.is_listening())
            connection.sendall(bytes(40_000) + TAIL)
            assert whole_answer(connection).startswith(b"HTTP/1.1 202")
        assert gateway.process.wait(20) == -signal.SIGTERM
    with psycopg.connect(postgres_url) as database:
        assert database.execute("SELECT size_bytes FROM meetings").fetchall() == [(100_000,)]


def test_an_upload_that_outlasts_the_grace_period_is_told_to_come_again_and_leaves_nothing(
    environment: dict[str, str], postgres_url: str, tmp_path: Path
) -> None:
    with served({**environment, "GRACE": "0.5"}, tmp_path) as gateway:
        key = gateway.create_key()
        with not_reading(gateway, key), gateway.begin_upload(key, 100_000) as connection:
            connection.sendall(bytes(60_000))
            wait_until(lambda: has_uploads(postgres_url))
            began = time.monotonic()
            gateway.process.send_signal(signal.SIGTERM)
            answer = whole_answer(connection)
            gateway.process.wait(20)
        assert time.monotonic() - began < 20
        assert "Traceback" not in gateway.log.read_text()
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"gateway_stopping" in answer
    assert not has_uploads(postgres_url)
    assert len(list((tmp_path / "objects").rglob("upload-*"))) == 1  # the one that is not read


@contextmanager
def not_reading(gateway: Served, key: str) -> Iterator[None]:
    """A client that has asked for a large answer and reads nothing of it while the block lasts."""
    with httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
        accepted = client.post("/api/meetings/process", files={"audio": ("a.wav", os.urandom(20_000_000))})
        with client.stream("GET", f"/api/meetings/{accepted.json()['meeting_id']}/export") as answer:
            assert answer.is_success
            yield


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HANSARD_API_KEY", "changeme"),
        ("OBJECT_STORE_URL", "ftp://nobody"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "changeme"),
        ("PERSONAS_DIR", "/nowhere"),
    ],
)
def test_wrong_settings_end_it_with_a_clear_line_and_the_status_of_every_service(
    environment: dict[str, str], tmp_path: Path, name: str, value: str
) -> None:
    gateway = Served({**environment, name: value}, tmp_path / "gateway.log")
    assert gateway.process.wait(30) == REFUSED
    said = gateway.log.read_text()
    assert "gateway cannot start (invalid_settings): " in said
    assert name in said
    assert "Traceback" not in said
    assert "changeme" not in said


def test_a_database_that_is_not_migrated_ends_it_with_the_cure(
    environment: dict[str, str], empty_postgres_url: str, tmp_path: Path
) -> None:
    gateway = Served({**environment, "POSTGRES_URL": empty_postgres_url}, tmp_path / "gateway.log")
    assert gateway.process.wait(30) == FAILED
    said = gateway.log.read_text()
    assert "gateway cannot start (database_not_migrated): " in said
    assert "services.gateway migrate" in said
