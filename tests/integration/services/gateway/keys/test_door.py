"""Nobody gets in without a key that opens, whatever the address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.errors import Unauthorized
from services.gateway.gateway import Gateway, open_gateway
from services.gateway.keys.callers import REMEMBERED, Callers
from services.gateway.keys.key import digest, is_key, new_key, prefix
from services.gateway.keys.keyring import Keyring, KeyWish
from services.gateway.settings import GatewaySettings
from tests.integration.line import accepted, publish, until

ADDRESS = "/api/meetings"
RETRY = "/api/pipeline/dead/retry?all=true"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def last_use(gateway: Gateway, key: str) -> object:
    row = await gateway.database.fetch_one("SELECT last_used_at FROM api_keys WHERE digest = $1", digest(key))
    assert row is not None
    return row["last_used_at"]


@asynccontextmanager
async def open_door(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that asks for no key."""
    app = create_app(replace(gateway, callers=Callers(gateway.database, is_key_required=False)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


async def opens(callers: Callers, key: str) -> bool:
    try:
        await callers.who([f"Bearer {key}"])
    except Unauthorized:
        return False
    return True


async def test_a_key_opens_its_workspace(stranger: httpx.AsyncClient, key: str) -> None:
    answer = await stranger.get(ADDRESS, headers=bearer(key))
    assert (answer.status_code, answer.json()["meetings"]) == (200, [])


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer x", "Basic {key}", "{key}", "Bearer {key}x", "Bearer ü"])
async def test_what_is_no_key_is_refused(stranger: httpx.AsyncClient, key: str, sent: str | None) -> None:
    headers = {} if sent is None else {b"Authorization": sent.format(key=key).encode()}
    answer = await stranger.get(ADDRESS, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_two_keys_are_none(stranger: httpx.AsyncClient, key: str) -> None:
    headers = [("Authorization", f"Bearer {key}")] * 2
    assert (await stranger.get(ADDRESS, headers=headers)).status_code == 401


async def test_nobody_learns_why_a_key_is_refused(
    stranger: httpx.AsyncClient, gateway: Gateway, keyring: Keyring
) -> None:
    revoked, expired = [await keyring.create(KeyWish(name, "default", days=1)) for name in ("revoked", "expired")]
    await keyring.revoke(prefix(revoked))
    await gateway.database.execute("UPDATE api_keys SET expires_at = now() WHERE digest = $1", digest(expired))
    answers = [await stranger.get(ADDRESS, headers=bearer(one)) for one in (revoked, expired, new_key())]
    answers.append(await stranger.get(ADDRESS))
    bodies = [{**one.json(), "request_id": None} for one in answers]
    assert bodies == [bodies[0]] * 4
    assert bodies[0]["status"] == 401


@pytest.mark.parametrize("path", ["/nowhere", "/metrics", "/redoc", "/docs/other", "/health/", "/api"])
async def test_an_address_that_nobody_has_thought_of_is_closed(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 401


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"])
async def test_what_everybody_may_read_asks_for_no_key(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code in {200, 307, 503}


async def test_without_a_duty_a_wrong_key_is_refused_all_the_same(gateway: Gateway, key: str) -> None:
    async with open_door(gateway) as client:
        assert (await client.get(ADDRESS)).status_code == 200
        assert (await client.get(ADDRESS, headers=bearer(key))).status_code == 200
        assert (await client.get(ADDRESS, headers=bearer(new_key()))).status_code == 401


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
@pytest.mark.parametrize("origin", [None, "http://localhost:3000", "http://[::1]"])
async def test_without_a_duty_this_machine_needs_no_key(gateway: Gateway, host: str, origin: str | None) -> None:
    async with open_door(gateway) as client:
        headers = {"Host": host, **({"Origin": origin} if origin else {})}
        assert (await client.post(RETRY, headers=headers)).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "page.example.org"},
        {"Host": "localhost.example.org:8000"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "https://page.example.org"},
        {"Origin": "http://localhost@page.example.org"},
        {"Origin": "null"},
    ],
)
async def test_without_a_duty_a_web_page_of_somebody_else_needs_a_key(
    gateway: Gateway, key: str, headers: dict[str, str]
) -> None:
    async with open_door(gateway) as client:
        assert (await client.post(RETRY, headers=headers)).status_code == 401
        assert (await client.post(RETRY, headers={**headers, **bearer(key)})).status_code == 202
        assert (await client.get("/docs", headers=headers)).status_code == 200


async def test_a_new_key_opens_although_it_was_tried_before(stranger: httpx.AsyncClient, keyring: Keyring) -> None:
    given = new_key()
    assert (await stranger.get(ADDRESS, headers=bearer(given))).status_code == 401
    assert await keyring.store(given, KeyWish("given", "default"))
    assert (await stranger.get(ADDRESS, headers=bearer(given))).status_code == 200


async def test_storing_a_key_again_opens_nothing_that_was_closed(gateway: Gateway, keyring: Keyring) -> None:
    active, revoked, expired = [await keyring.create(KeyWish("known", "default", days=1)) for _ in range(3)]
    await keyring.revoke(prefix(revoked))
    await gateway.database.execute("UPDATE api_keys SET expires_at = now() WHERE digest = $1", digest(expired))
    keys = active, revoked, expired
    assert [await keyring.store(key, KeyWish("again", "default")) for key in keys] == [True, False, False]
    assert [await opens(gateway.callers, key) for key in keys] == [True, False, False]


async def test_a_revoked_key_closes_as_soon_as_it_is_forgotten(
    stranger: httpx.AsyncClient, gateway: Gateway, key: str, keyring: Keyring
) -> None:
    assert gateway.callers.remembered == REMEMBERED <= 5
    gateway.callers.remembered = 0.5
    assert (await stranger.get(ADDRESS, headers=bearer(key))).status_code == 200
    await keyring.revoke(prefix(key))

    async def is_closed() -> bool:
        return (await stranger.get(ADDRESS, headers=bearer(key))).status_code == 401

    await until(is_closed)


async def test_the_use_of_a_key_is_noted_once_a_minute(gateway: Gateway, key: str) -> None:
    shown = [f"Bearer {key}"]
    await Callers(gateway.database, is_key_required=True).who(shown)
    first = await last_use(gateway, key)
    await Callers(gateway.database, is_key_required=True).who(shown)
    assert first is not None
    assert await last_use(gateway, key) == first
    await gateway.database.execute("UPDATE api_keys SET last_used_at = now() - interval '61 s'")
    await Callers(gateway.database, is_key_required=True).who(shown)
    assert await last_use(gateway, key) > first  # type: ignore[operator]


async def test_without_postgres_only_a_key_of_the_last_seconds_opens(
    stranger: httpx.AsyncClient, gateway: Gateway, key: str
) -> None:
    gateway.callers.remembered = 60.0  # of a busy machine
    assert (await stranger.get("/nowhere", headers=bearer(key))).status_code == 404
    await gateway.database.close()
    known, unknown, shapeless = [await stranger.get("/nowhere", headers=bearer(one)) for one in (key, new_key(), "x")]
    assert (known.status_code, shapeless.status_code) == (404, 401)
    assert (unknown.status_code, unknown.json()["code"]) == (503, "database_unavailable")
    assert unknown.headers["Retry-After"]


async def test_an_upload_of_gigabytes_with_a_wrong_key_is_refused_at_its_headers(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        f"POST /api/meetings/process HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {new_key()}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {2 * 1024**3}\r\n\r\n".encode()
    )
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401")


async def test_who_sends_a_body_to_a_closed_door_hears_why(address: tuple[str, int]) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield bytes(100_000)

    async with httpx.AsyncClient(base_url="http://{}:{}".format(*address), timeout=20) as client:
        assert (await client.post("/api/meetings/process", content=body())).status_code == 401


@asynccontextmanager
async def following(gateway: Gateway, address: tuple[str, int], key: str) -> AsyncIterator[AsyncIterator[str]]:
    """The lines that a client is sent whose key the gateway looks up again for each of them."""
    gateway.callers.remembered = 0
    url = "http://{}:{}/api/pipeline/events".format(*address)
    async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", url, headers=bearer(key)) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: begin"
        yield lines


async def test_who_follows_events_is_let_go_when_the_key_is_revoked(
    gateway: Gateway, address: tuple[str, int], key: str, keyring: Keyring
) -> None:
    gateway.callers.patience = 20  # of a busy machine
    async with following(gateway, address, key) as lines:
        await keyring.revoke(prefix(key))
        await publish(gateway.redis, accepted())
        with pytest.raises(httpx.RemoteProtocolError):
            async with asyncio.timeout(20):
                assert [line async for line in until_event(lines)] == []


async def test_who_follows_events_goes_on_while_no_key_can_be_looked_up(
    gateway: Gateway, address: tuple[str, int], key: str
) -> None:
    async with following(gateway, address, key) as lines:
        await gateway.database.close()
        event = accepted()
        await publish(gateway.redis, event)
        async with asyncio.timeout(20):
            assert any([event.run_id in line async for line in until_event(lines)])


async def until_event(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line.startswith('data: {"event"'):
            return


def test_a_key_is_known_by_its_shape() -> None:
    assert is_key(new_key())
    assert is_key("0123456789abcdef" * 2)
    assert [one for one in ("", "x" * 64, "hunter2", "short-but-random-Zk3", "a b" * 20, "ü" * 40) if is_key(one)] == []


async def test_of_a_key_only_its_digest_and_its_beginning_are_kept(gateway: Gateway, key: str) -> None:
    [row] = await gateway.database.fetch("SELECT to_jsonb(api_keys)::text AS whole FROM api_keys")
    assert prefix(key) in row["whole"]
    assert key[len(prefix(key)) :] not in row["whole"]


async def test_an_expiry_is_kept_to_at_once(gateway: Gateway, key: str) -> None:
    callers = Callers(gateway.database, is_key_required=True)
    callers.remembered = 60.0

    async def opens_for_a_moment() -> bool:
        await gateway.database.execute("UPDATE api_keys SET expires_at = now() + interval '200 ms'")
        return await opens(callers, key)

    async def is_closed() -> bool:
        return not await opens(callers, key)

    await until(opens_for_a_moment)
    await until(is_closed)


async def test_only_who_is_let_in_reads_what_a_server_that_is_down_says(settings: GatewaySettings, key: str) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with open_gateway(away) as gateway:
        transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for path in ("/health", "/ready"):
                seen, plain = await client.get(path, headers=bearer(key)), await client.get(path)
                assert (seen.status_code, plain.status_code) == (503, 503)
                assert "127.0.0.1:1" in seen.text
                assert "127.0.0.1" not in plain.text
                assert plain.json()["dependencies"]["redis"]["error"]
                assert "127.0.0.1" not in (await client.get(path, headers=bearer(new_key()))).text


@pytest.mark.parametrize(("host", "is_shown"), [("localhost:8000", True), ("hansard.example.org", False)])
async def test_without_a_duty_this_machine_reads_it_too(
    settings: GatewaySettings, host: str, *, is_shown: bool
) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0", "require_api_key": False})
    async with open_gateway(away) as gateway:
        transport = httpx.ASGITransport(create_app(gateway), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            assert ("127.0.0.1:1" in (await client.get("/ready")).text) is is_shown
