"""A Postgres that takes everything and says nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from chaos.proxy import Proxy
from services.gateway.gateway import Gateway
from services.gateway.keys.callers import Callers
from services.gateway.keys.key import prefix
from services.gateway.keys.keyring import Keyring
from services.gateway.settings import GatewaySettings
from tests.integration.interleaving import interleaved
from tests.integration.line import accepted, publish, until

EVENTS = 12


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[Proxy]:
    address = urlsplit(postgres_url)
    async with Proxy(str(address.hostname), address.port or 5432).running() as proxy:
        yield proxy


@pytest.fixture
def settings(settings: GatewaySettings, proxy: Proxy) -> GatewaySettings:
    address = urlsplit(settings.postgres_url)
    login, _, _ = address.netloc.rpartition("@")
    through = address._replace(netloc=f"{login}@127.0.0.1:{proxy.port}").geturl()
    return settings.model_copy(update={"postgres_url": through})


@asynccontextmanager
async def silence(proxy: Proxy) -> AsyncIterator[None]:
    stalling = asyncio.create_task(proxy.stall(60))
    try:
        yield
    finally:
        stalling.cancel()
        with suppress(asyncio.CancelledError):
            await stalling


@pytest.mark.parametrize("is_new", [False, True], ids=["at a connection that is open", "at a new connection"])
async def test_it_does_not_hold_up_an_answer_that_is_under_way(
    gateway: Gateway, proxy: Proxy, address: tuple[str, int], key: str, *, is_new: bool
) -> None:
    gateway.callers.remembered = 0
    url, headers = "http://{}:{}/api/pipeline/events".format(*address), {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(timeout=60) as client, client.stream("GET", url, headers=headers) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: begin"
        async with silence(proxy):
            if is_new:
                proxy.reset_all()
            events = [accepted() for _ in range(EVENTS)]
            began = time.monotonic()
            for event in events:
                await publish(gateway.redis, event)
                async for line in lines:
                    if event.run_id in line:
                        break
            assert time.monotonic() - began < 10, "of which one look may take 1; twelve would take 12"


async def test_what_it_says_of_a_key_too_late_counts_the_next_time(
    gateway: Gateway, key: str, keyring: Keyring
) -> None:
    may_answer, never = asyncio.Event(), asyncio.Event()
    turns = iter([may_answer, *[never] * 100])
    callers = Callers(
        interleaved(gateway.database, before={"fetch_one": lambda: next(turns).wait()}), is_key_required=True
    )
    shown = [f"Bearer {key}"]

    async def is_closed() -> bool:
        return not await callers.still_opens(shown)

    await keyring.revoke(prefix(key))
    assert not await is_closed()
    may_answer.set()
    await until(is_closed)
