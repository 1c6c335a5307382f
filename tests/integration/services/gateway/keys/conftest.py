"""A gateway that asks for keys, and two workspaces that have one each."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.gateway import Gateway
from services.gateway.keys.keyring import Keyring, KeyWish
from services.gateway.settings import GatewaySettings


@pytest.fixture
def settings(settings: GatewaySettings) -> GatewaySettings:
    return settings.model_copy(update={"require_api_key": True})


@pytest.fixture
def keyring(gateway: Gateway) -> Keyring:
    return Keyring(gateway.database)


@pytest.fixture
async def key(keyring: Keyring) -> str:
    """Of the workspace in which the tests' meetings are."""
    return await keyring.create(KeyWish("ours", "default"))


@pytest.fixture
async def foreign_key(keyring: Keyring) -> str:
    """Of another workspace."""
    return await keyring.create(KeyWish("theirs", "elsewhere"))


@pytest.fixture
async def client(gateway: Gateway, key: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a key, unless a test sends one."""
    transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
