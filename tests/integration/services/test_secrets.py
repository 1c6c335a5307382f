"""No service writes a secret, whatever is wrong: every mishap, with the real processes, and a canary in each secret."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.local.redis_server import RedisServer
from tests.integration.services.canaries import CANARY, SERVICES, echo_server, spoken

_OUT_OF_REACH = {
    "REDIS_URL": "redis://me:canary-redis@127.0.0.1:1/0",
    "POSTGRES_URL": "postgresql://me:canary-postgres@127.0.0.1:1/none",
    "OPENAI_BASE_URL": "http://me:canary-openai-url@127.0.0.1:1/v1",
    "AWS_ENDPOINT": "http://me:canary-endpoint@127.0.0.1:1",
    "AWS_ALLOW_HTTP": "true",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:canary-otlp-url@127.0.0.1:1",
}


@pytest.fixture
def store(tmp_path: Path) -> dict[str, str]:
    return {"OBJECT_STORE_URL": (tmp_path / "objects").as_uri()}


async def test_servers_out_of_reach(store: dict[str, str]) -> None:
    environment = {**_OUT_OF_REACH, **store}
    untils = {service: "database" if service == "gateway" else "waiting for an answer" for service in SERVICES}
    for said in await asyncio.gather(*(spoken(one, environment, until=until) for one, until in untils.items())):
        assert "127.0.0.1" in said
        assert CANARY not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://:canary-redis@[127.0.0.1:x/0"),
        ("REDIS_URL", "redis://127.0.0.1:canary-port"),
        ("OBJECT_STORE_URL", "s3://me:canary-store@[bucket"),
        ("LEASE", "0"),
    ],
)
async def test_settings_that_cannot_be_read(store: dict[str, str], name: str, value: str) -> None:
    said = await spoken("normalizer", {**_OUT_OF_REACH, **store, name: value}, until="waiting for an answer")
    assert f"normalizer cannot start (invalid_settings): {name} " in said
    assert CANARY not in said


_UNREADABLE = (
    ("postgresql://me:canary-postgres@127.0.0.1:canary-port/x", ("migrate",)),
    ("postgresql://me:canary/postgres@127.0.0.1:1/x", ()),
    ("postgresql://me:canary%postgres@127.0.0.1:1/x", ("migrate",)),
    ("postgresql://[me:canary-postgres@127.0.0.1/x", ("doctor",)),
    ("mysql://me:canary-postgres@127.0.0.1/x", ()),
)


async def test_an_address_of_postgres_that_cannot_be_read(store: dict[str, str]) -> None:
    async def said(value: str, arguments: tuple[str, ...]) -> str:
        environment = {**_OUT_OF_REACH, **store, "POSTGRES_URL": value}
        return await spoken("gateway", environment, *arguments, until=None if arguments else "database")

    for text in await asyncio.gather(*(said(value, arguments) for value, arguments in _UNREADABLE)):
        assert text.strip()
        assert CANARY not in text


@pytest.fixture(scope="module")
def closed_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis with a password; its address has another one."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    scheme, _, rest = server.url.partition("://")
    yield f"{scheme}://:canary-redis@{rest.rpartition('@')[2]}"
    server.stop()


@pytest.mark.parametrize("service", ["transcriber", "gateway"])
async def test_a_wrong_password_of_redis(service: str, store: dict[str, str], closed_redis: str) -> None:
    until = "database" if service == "gateway" else None
    said = await spoken(service, {**_OUT_OF_REACH, **store, "REDIS_URL": closed_redis}, until=until)
    assert service == "gateway" or "REDIS_URL has no password that Redis accepts" in said
    assert CANARY not in said


async def test_a_wrong_password_of_postgres(store: dict[str, str], shared_postgres_url: str) -> None:
    scheme, _, rest = shared_postgres_url.partition("://")
    address = f"{scheme}://stranger:canary-postgres@{rest.rpartition('@')[2]}"
    said = await spoken("gateway", {**_OUT_OF_REACH, **store, "POSTGRES_URL": address}, "migrate")
    assert "stranger" in said
    assert CANARY not in said


@pytest.mark.parametrize("arguments", [(), ("doctor",)])
async def test_a_store_that_repeats_the_request(arguments: tuple[str, ...]) -> None:
    with echo_server() as server:
        store = {"AWS_ENDPOINT": server, "OBJECT_STORE_URL": "s3://bucket/prefix", "AWS_REGION": "eu-1"}
        said = await spoken("normalizer", {**_OUT_OF_REACH, **store}, *arguments, until="the object store")
    assert "the object store" in said
    assert CANARY not in said


@pytest.mark.parametrize(
    ("service", "engine", "arguments"),
    [
        ("transcriber", {"TRANSCRIBER_ENGINE": "faster-whisper"}, ()),
        ("transcriber", {"TRANSCRIBER_ENGINE": "faster-whisper"}, ("doctor",)),
        ("diarizer", {"DIARIZER_ENGINE": "pyannote"}, ("doctor",)),
        ("summarizer", {"SUMMARIZER_ENGINE": "openai"}, ("doctor",)),
    ],
)
async def test_a_hub_or_a_model_server_that_repeats_the_request(
    service: str, engine: dict[str, str], arguments: tuple[str, ...], store: dict[str, str], redis_url: str
) -> None:
    with echo_server() as server:
        places = {"HF_ENDPOINT": server, "OPENAI_BASE_URL": f"{server}/v1", "REDIS_URL": redis_url}
        cache = {"HF_HOME": store["OBJECT_STORE_URL"].removeprefix("file://") + "-hub"}
        said = await spoken(service, {**_OUT_OF_REACH, **store, **places, **cache, **engine}, *arguments)
    assert any(words in said for words in ("cannot be fetched", "may not read", "rejects"))
    assert CANARY not in said
