"""What a worker's process says of itself, from its start to its end."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from redis.asyncio import Redis

from chaos.proxy import Proxy
from libs.common.events import SampleNormalized
from libs.common.service import REFUSED, STOPPED
from libs.common.storage import ObjectStore
from tests.integration.line import accepted, entries, publish, until
from tests.integration.obedient_service import BEGAN, LOADED, PROCEED
from tests.integration.service_process import ServiceProcess, service_process, start

MODULE = "tests.integration.obedient_service"


@asynccontextmanager
async def running(tmp_path: Path, redis_url: str, **variables: str) -> AsyncIterator[ServiceProcess]:
    variables = {"REDIS_URL": redis_url, "OBJECT_STORE_URL": (tmp_path / "objects").as_uri(), **variables}
    async with service_process(tmp_path, MODULE, **variables) as service:
        yield service


async def test_it_is_alive_while_it_loads_and_ready_afterwards(
    redis_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    async with running(tmp_path, redis_url) as service:
        await until(lambda: service.says("/ready", 503, "loading"))
        assert await service.says("/health", 200, "ok")
        await store.put(LOADED, b"")
        await until(lambda: service.says("/ready", 200, "ok"))
        ready = (await service.pages.get("/ready")).json()
        assert {name: one["status"] for name, one in ready["dependencies"].items()} == {
            "redis": "up",
            "object_store": "up",
        }
        assert all(one["latency"] >= 0 for one in ready["dependencies"].values())
        metrics = await service.pages.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_a_server_that_is_away_makes_it_unready_and_leaves_it_alive(
    redis_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    address = urlsplit(redis_url)
    await store.put(LOADED, b"")
    async with Proxy(str(address.hostname), address.port or 6379).running() as proxy:
        login = f":{address.password}@" if address.password else ""
        async with running(tmp_path, f"redis://{login}127.0.0.1:{proxy.port}/0") as service:
            await until(lambda: service.says("/ready", 200, "ok"))
            proxy.close()
            await until(lambda: service.says("/ready", 503, "degraded"))
            ready = (await service.pages.get("/ready")).json()
            assert [name for name, one in ready["dependencies"].items() if one["status"] == "down"] == ["redis"]
            assert await service.says("/health", 200, "ok")


async def test_stopping_is_said_at_once_and_what_is_in_hand_is_finished(
    redis: Redis, redis_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    await store.put(LOADED, b"")
    async with running(tmp_path, redis_url, GRACE="20") as service:
        await publish(redis, accepted())
        await until(lambda: store.exists(BEGAN))
        service.process.send_signal(signal.SIGTERM)
        await until(lambda: service.says("/ready", 503, "stopping"))
        assert await service.says("/health", 200, "ok")
        await store.put(PROCEED, b"")
        await entries(redis, SampleNormalized, count=1)
        assert await service.process.wait() == 0


async def test_a_port_that_is_taken_is_named_with_the_cure(redis_url: str, tmp_path: Path) -> None:
    async with running(tmp_path, redis_url) as service:
        port, log_path = service.pages.base_url.port, tmp_path / "second.log"
        second = await start(log_path, MODULE, PORT=str(port), OBJECT_STORE_URL=(tmp_path / "objects").as_uri())
        assert await second.wait() == REFUSED
        said = log_path.read_text()
        assert said.startswith("normalizer cannot start (invalid_settings): ")
        assert f"PORT={port}: Address already in use" in said
        assert "set PORT to another one" in said


async def test_an_address_of_another_machine_is_named_with_the_cure(tmp_path: Path) -> None:
    nowhere, log_path = "203.0.113.9", tmp_path / "log"  # of a net that is for documentation (RFC 5737)
    service = await start(log_path, MODULE, HOST=nowhere, OBJECT_STORE_URL=(tmp_path / "objects").as_uri())
    assert await service.wait() == REFUSED
    assert f"HOST={nowhere}, PORT=0" in log_path.read_text()
    assert "set HOST to an address of this machine" in log_path.read_text()


async def test_a_stage_that_is_stuck_turns_red_and_for_good_ends_its_process(
    redis: Redis, redis_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    await store.put(LOADED, b"")
    async with running(tmp_path, redis_url, DEADLINE="0.1", GRACE="0.1") as service:
        await publish(redis, accepted())
        await until(lambda: service.says("/health", 503, "stopped"), within=30)
        [stopped] = (await service.pages.get("/health")).json()["stopped"]
        assert stopped["stage"] == "normalize_sample"
        assert await service.says("/ready", 200, "ok")
        assert await service.process.wait() == STOPPED
