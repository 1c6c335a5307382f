"""A typing error starts no service: whoever mistypes the doctor's name adds no worker to the line."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVICES = ("gateway", "normalizer", "diarizer", "transcriber", "summarizer")


@dataclass(frozen=True)
class Ended:
    status: int | None
    out: str
    err: str


@pytest.fixture
def redis() -> Iterator[socket.socket]:
    """Where Redis would be; it answers nothing, and knows whether anybody came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def environment(redis: socket.socket, tmp_path: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "OBJECT_STORE_URL": (tmp_path / "objects").as_uri(),
        "PORT": "0",
        "POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": f"redis://127.0.0.1:{redis.getsockname()[1]}/0",
        "SUMMARIZER_ENGINE": "extractive",
    }


async def ended(service: str, environment: Mapping[str, str], *arguments: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{service}", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(process.returncode, out.decode(), err.decode())


async def of_all(environment: Mapping[str, str], *arguments: str) -> Mapping[str, Ended]:
    everything = await asyncio.gather(*(ended(service, environment, *arguments) for service in SERVICES))
    return dict(zip(SERVICES, everything, strict=True))


@pytest.mark.parametrize("arguments", [["docter"], ["--verbose"], ["doctor", "--jsn"], ["replay", "case", "--pbd"]])
async def test_what_no_service_knows_ends_with_the_usage_and_starts_nothing(
    environment: Mapping[str, str], arguments: list[str], redis: socket.socket, tmp_path: Path
) -> None:
    for service, one in (await of_all(environment, *arguments)).items():
        assert (one.status, one.out) == (2, "")
        assert one.err.startswith(f"usage: python -m services.{service} ")
    with pytest.raises(BlockingIOError):
        redis.accept()
    assert not (tmp_path / "objects").exists()


async def test_help_needs_no_settings_and_starts_nothing(environment: Mapping[str, str], redis: socket.socket) -> None:
    for service, one in (await of_all({**environment, "LEASE": "0"}, "--help")).items():
        assert (one.status, one.err) == (0, "")
        assert one.out.startswith(f"usage: python -m services.{service} ")
        assert "docs/settings.md" in one.out
    with pytest.raises(BlockingIOError):
        redis.accept()


@pytest.mark.parametrize(
    ("service", "arguments", "status"),
    [
        ("summarizer", ["replay", "--help"], 0),
        ("gateway", ["migrate", "--help"], 0),
        ("gateway", ["migrate", "--now"], 2),
    ],
)
async def test_a_command_says_what_it_takes_without_any_settings(
    environment: Mapping[str, str], service: str, arguments: list[str], status: int
) -> None:
    one = await ended(service, {**environment, "LEASE": "0", "SUMMARIZER_ENGINE": ""}, *arguments)
    assert one.status == status
    assert (one.out or one.err).startswith(f"usage: python -m services.{service} {arguments[0]} ")
