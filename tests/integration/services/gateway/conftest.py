"""A gateway on real servers, without its work in the background, and a client of its API."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from services.gateway.app import create_app
from services.gateway.gateway import Gateway, open_gateway
from services.gateway.settings import GatewaySettings


@pytest.fixture
def settings(postgres_url: str, redis_url: str, tmp_path: Path) -> GatewaySettings:
    folder = tmp_path / "objects"
    return GatewaySettings(
        postgres_url=postgres_url,
        redis_url=redis_url,
        object_store_url=folder.as_uri(),
        max_upload_bytes=1_000_000,
        max_upload_silence=5.0,
    )


@pytest.fixture
async def gateway(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    async with open_gateway(settings) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def client_without_redis(settings: GatewaySettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second gateway on the same database and store, which cannot reach Redis."""
    async with open_gateway(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})) as gateway:
        transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


@pytest.fixture
async def address(gateway: Gateway) -> AsyncIterator[tuple[str, int]]:
    """Host and port of the same API behind a real HTTP server."""
    config = uvicorn.Config(create_app(gateway), port=0, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    running = asyncio.create_task(server.main_loop())
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    await running
    await server.shutdown()
